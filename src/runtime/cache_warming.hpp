#pragma once
// Prefetching. A hundred thousand locks that are refreshed in turn do not fit into a processor's
// cache, so each cache line of each lock costs some 100 ns. Lines that are requested a few locks
// ahead arrive while other locks are refreshed (docs/decisions/0010; what it saves:
// docs/benchmarks.md, row g).

#include <cstddef>

namespace exclusive_lock {

// How many locks ahead. What an object points to can only be requested once the object is there, so
// the object itself is requested twice as many ahead.
inline constexpr std::size_t warmed_ahead = 6;
// From the counters that std::make_shared puts in front of a lock handle to the last that a refresh
// looks at in it (lock_handle.hpp).
inline constexpr std::ptrdiff_t warmed_before = 64;
inline constexpr std::ptrdiff_t warmed_behind = 512;

// Requests the memory at that place. Has an effect on time only, whatever is there.
inline void warm(const char* place) noexcept { __builtin_prefetch(place, 1); }

inline void warm_object(const void* object) noexcept {
  constexpr std::ptrdiff_t line = 64;
  const char* const begin = static_cast<const char*>(object);
  for (std::ptrdiff_t at = -warmed_before; at < warmed_behind; at += line)
    warm(begin + at);
}

}  // namespace exclusive_lock
