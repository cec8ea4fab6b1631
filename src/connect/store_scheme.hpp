#pragma once
// The schemes of store URLs, and the suggestion for an unknown one.

#include <array>
#include <optional>
#include <string_view>

namespace exclusive_lock {

inline constexpr std::array<std::string_view, 5> store_schemes{"local", "memory", "redis", "rediss",
                                                               "unix"};

// The scheme that is similar to `name`, which is in lower case. None: none is similar.
std::optional<std::string_view> nearest_store_scheme(std::string_view name);

}  // namespace exclusive_lock
