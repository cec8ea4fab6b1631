#pragma once
// A hundred thousand locks that are refreshed in turn fit into no processor's cache: each line of
// each would be waited for, some 100 ns. Asked for a few locks ahead, they come while others are
// worked on (docs/decisions/0010; what it saves: docs/benchmarks.md, row g).

#include <cstddef>

namespace exclusive_lock {

// What an object points to can be asked for only when the object has come: so the object itself is
// asked for twice so many ahead.
inline constexpr std::size_t warmed_ahead = 6;
// From the counters that std::make_shared puts in front of a lock handle to the last that a refresh
// looks at in it (lock_handle.hpp).
inline constexpr std::ptrdiff_t warmed_before = 64;
inline constexpr std::ptrdiff_t warmed_behind = 512;

// Asks for the memory at that place. Has no effect but on time, whatever is there.
inline void warm(const char* place) noexcept { __builtin_prefetch(place, 1); }

inline void warm_object(const void* object) noexcept {
  constexpr std::ptrdiff_t line = 64;
  const char* const begin = static_cast<const char*>(object);
  for (std::ptrdiff_t at = -warmed_before; at < warmed_behind; at += line)
    warm(begin + at);
}

}  // namespace exclusive_lock
