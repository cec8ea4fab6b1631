#pragma once
// The fence of the next grant (G2).

#include <cstdint>
#include <optional>

#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// Above the last one, the wall clock and the floor. None where there is none left that a double
// holds exactly. Pure.
std::optional<Fence> next_fence(Fence last, std::int64_t wall_us, Fence floor);

}  // namespace exclusive_lock
