#include "stores/local/next_fence.hpp"

#include <algorithm>

namespace exclusive_lock {
namespace {

// Above it a double skips integers, and so do Lua and JavaScript. Not before the year 2255.
constexpr std::uint64_t most_fence = (1ULL << 53U) - 1;

}  // namespace

std::optional<Fence> next_fence(Fence last, std::int64_t wall_us, Fence floor) {
  const std::uint64_t highest = std::max(last, floor).value;
  const auto by_time = static_cast<std::uint64_t>(std::max<std::int64_t>(wall_us, 0));
  if (highest >= most_fence || by_time > most_fence) {
    return std::nullopt;
  }
  return Fence{std::max(highest + 1, by_time)};
}

}  // namespace exclusive_lock
