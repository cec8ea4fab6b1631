#pragma once
// What the memory store, which is the specification, and the embedded store decide alike: what an
// attempt comes to, and the next fence. Pure. The scripts say the same to servers.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/protocol.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// A double holds every integer up to here exactly, and Lua and JavaScript have nothing else. The
// time part reaches it in 2255.
inline constexpr std::uint64_t max_fence = (std::uint64_t{1} << 53U) - 1;

// Of a record, or of its head. None: another program's record, or one that was damaged.
std::optional<Fence> fence_in(std::string_view record);

enum class AttemptStep { grant, granted_before, busy, superseded };
// Given the live record, or its head; none: there is none. Those who wait are not looked at.
AttemptStep judge_attempt(std::optional<std::string_view> live_record, const Owner& asking);

// Whether a fence above this one can be given out. None: one that cannot be read.
bool can_grow(const std::optional<Fence>& fence);
// The fence of the next grant (G2): above the last one, the floor and the wall clock. None: there
// is none left.
std::optional<Fence> next_fence(const std::optional<Fence>& last, std::int64_t wall_us,
                                Fence floor);

// What a grant is answered with then.
StoreFailure no_fence_left();

}  // namespace exclusive_lock
