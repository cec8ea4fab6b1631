#pragma once
// What is wrong with a lock's options, all of it at once (G10). Checks only; nothing is contacted.
//
// The rules are those of include/exclusive_lock/options.hpp. Whoever adds an option: its rule
// there, its check in options_check.cpp, its edges in tests/unit/options_check_test.cpp.

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/options.hpp"

namespace exclusive_lock {

inline constexpr std::size_t most_name_bytes = 512;
inline constexpr std::size_t most_key_prefix_bytes = 128;
inline constexpr std::size_t most_key_bytes = 2048;
inline constexpr std::size_t most_label_bytes = 256;
inline constexpr std::size_t max_user_bytes = 64;
inline constexpr std::size_t max_program_bytes = 64;
inline constexpr std::size_t max_command_bytes = 1024;
inline constexpr std::size_t most_contents_cap = 1024 * 1024;
inline constexpr std::size_t most_queue_limit = 1'000'000;
inline constexpr std::size_t most_barging_streak = 1'000'000;
inline constexpr Milliseconds least_ttl{100};
inline constexpr Milliseconds most_ttl_allowed = std::chrono::days(7);
inline constexpr Milliseconds max_period = std::chrono::days(3650);
inline constexpr Milliseconds least_refresh{10};
// Time for a refresh that failed to be tried again before the record is gone; the rule of the
// original.
inline constexpr Milliseconds refresh_reserve{500};

// mistakes_in() is options.hpp's. Empty: all is well.
std::vector<Mistake> mistakes_in_key(std::string_view key);
std::vector<Mistake> mistakes_in_name(std::string_view app_name);
std::vector<Mistake> mistakes_in_key_prefix(std::string_view key_prefix);
std::vector<Mistake> mistakes_in_ttl(Milliseconds lock_ttl);
std::vector<Mistake> mistakes_in_period(Milliseconds period, std::string_view field);
std::vector<Mistake> mistakes_in_min_hold(Milliseconds time);
// Throws ValidationError where there are any.
void refuse(std::vector<Mistake> mistakes);

}  // namespace exclusive_lock
