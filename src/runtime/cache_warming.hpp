#pragma once
// A hundred thousand locks that are refreshed in turn fit into no processor's cache: each line of
// each would be waited for, some 100 ns. Asked for a few locks ahead, they come while others are
// worked on; a refresh costs a quarter less CPU (docs/benchmarks.md, row g).

#include <cstddef>

namespace exclusive_lock {

// So many objects ahead.
inline constexpr std::size_t warmed_ahead = 6;
// Of a lock handle. What lies behind is seldom needed.
inline constexpr std::ptrdiff_t warmed_bytes = 576;

// Asks for the memory of an object, and for the counters that std::make_shared puts in front of it.
// Has no effect but on time, whatever is there.
inline void warm(const void* object, std::ptrdiff_t bytes = warmed_bytes) noexcept {
  constexpr std::ptrdiff_t line = 64;
  const char* const begin = static_cast<const char*>(object);
  for (std::ptrdiff_t at = -line; at < bytes; at += line)
    __builtin_prefetch(begin + at, 1);
}

}  // namespace exclusive_lock
