#pragma once
// How far the fences of the memory store go.

#include <cstdint>
#include <optional>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

// A double holds every integer up to here exactly, and Lua has nothing else. The time part reaches
// it in 2255.
inline constexpr std::uint64_t highest_fence = (std::uint64_t{1} << 53U) - 1;

inline bool can_grow(const std::optional<Fence>& fence) {
  return fence && fence->value < highest_fence;
}

inline StoreFailure no_fence_left() {
  return {.code = make_error_code(errc::wrong_type),
          .message =
              "the last fence of this name is beyond all that are given out, so somebody else "
              "wrote it; nothing was done. Delete its fence key",
          .may_have_run = false};
}

}  // namespace exclusive_lock
