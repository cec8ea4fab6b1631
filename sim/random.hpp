#pragma once
// Chance from a seed: the same numbers with every compiler and standard library, so that a seed
// replays everywhere. (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", OOPSLA 2014.)

#include <array>
#include <chrono>
#include <cstdint>

namespace exclusive_lock::sim {

using Nanoseconds = std::chrono::nanoseconds;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  // From 0 to `end` - 1; `end` is positive.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  bool once_in(std::uint64_t times) { return below(times) == 0; }
  bool percent(std::uint64_t part) { return below(100) < part; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  Nanoseconds between(Nanoseconds least, Nanoseconds most) {
    return Nanoseconds(between(least.count(), most.count()));
  }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  std::array<std::uint8_t, 16> id() {
    std::array<std::uint8_t, 16> bytes{};
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(below(256));
    }
    return bytes;
  }

 private:
  std::uint64_t state_;
};

}  // namespace exclusive_lock::sim
