#pragma once
// Where randomness comes from: the kernel in a running program, a seed in tests and simulation.

#include <array>
#include <cstdint>

namespace exclusive_lock {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // 128 bits nobody else has: the id of a lock object.
  [[nodiscard]] virtual std::array<std::uint8_t, 16> id() = 0;
  // In [0, 1), for jitter. Any thread.
  [[nodiscard]] virtual double unit() = 0;
};

// getrandom(2). Throws std::system_error where the kernel refuses.
class SystemRandomSource final : public RandomSource {
 public:
  [[nodiscard]] std::array<std::uint8_t, 16> id() override;
  [[nodiscard]] double unit() override;
};

}  // namespace exclusive_lock
