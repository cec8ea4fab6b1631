#pragma once
// The names of store URL schemes, and what somebody meant who wrote another one.

#include <array>
#include <optional>
#include <string_view>

namespace exclusive_lock {

inline constexpr std::array<std::string_view, 5> store_schemes{"local", "memory", "redis", "rediss",
                                                               "unix"};

// None: the name, in lower case, is like none of them.
std::optional<std::string_view> nearest_store_scheme(std::string_view name);

}  // namespace exclusive_lock
