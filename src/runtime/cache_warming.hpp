#pragma once
// A hundred thousand locks that are refreshed in turn fit into no processor's cache: each line of
// each would be waited for, some 100 ns. Asked for a few locks ahead, they come while others are
// worked on (docs/decisions/0010; what it saves: docs/benchmarks.md, row g).

#include <cstddef>
#include <cstdint>

namespace exclusive_lock {

// So many objects ahead their memory is asked for, and that of what they point to only when it has
// come; that is twice as many ahead for the object itself.
inline constexpr std::size_t warmed_ahead = 6;
// From the counters that std::make_shared puts in front of a lock handle to the last that a refresh
// looks at in it (lock_handle.hpp).
inline constexpr std::size_t warmed_before = 64;
inline constexpr std::size_t warmed_behind = 576;

// Asks for the memory from `first` on. Has no effect but on time, whatever is there.
inline void warm(std::uintptr_t first, std::size_t bytes) noexcept {
  constexpr std::size_t line = 64;
  for (std::size_t at = 0; at < bytes; at += line)
    __builtin_prefetch(reinterpret_cast<const void*>(first + at), 1);
}

inline void warm_object(const void* object) noexcept {
  warm(reinterpret_cast<std::uintptr_t>(object) - warmed_before, warmed_before + warmed_behind);
}

}  // namespace exclusive_lock
