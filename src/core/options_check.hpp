#pragma once
// Checks the options of a lock and reports all mistakes at once (G10). Contacts no store.
//
// The rules are those of include/exclusive_lock/options.hpp. To add an option, add its rule there,
// its check in options_check.cpp, and its limits in tests/unit/core/options_check_test.cpp.

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/options.hpp"

namespace exclusive_lock {

inline constexpr std::size_t max_name_bytes = 512;
inline constexpr std::size_t max_key_prefix_bytes = 128;
inline constexpr std::size_t max_key_bytes = 2048;
inline constexpr std::size_t max_label_bytes = 256;
inline constexpr std::size_t max_user_bytes = 64;
inline constexpr std::size_t max_program_bytes = 64;
inline constexpr std::size_t max_command_bytes = 1024;
inline constexpr std::size_t max_contents_cap = 1024 * 1024;
inline constexpr std::size_t max_queue_limit = 1'000'000;
inline constexpr std::size_t max_barging_limit = 1'000'000;
inline constexpr Milliseconds min_ttl{100};
inline constexpr Milliseconds max_ttl = std::chrono::days(7);
inline constexpr Milliseconds max_period = std::chrono::days(3650);
inline constexpr Milliseconds min_refresh{10};
// The time in which a failed refresh can be repeated before the record expires. The rule of the
// original package.
inline constexpr Milliseconds refresh_reserve{500};

// An empty result means no mistake. mistakes_in(Options) is declared in options.hpp.
std::vector<Mistake> mistakes_in_key(std::string_view key);
std::vector<Mistake> mistakes_in_name(std::string_view app_name);
std::vector<Mistake> mistakes_in_key_prefix(std::string_view key_prefix);
std::vector<Mistake> mistakes_in_ttl(Milliseconds lock_ttl);
std::vector<Mistake> mistakes_in_period(Milliseconds period, std::string_view field);
std::vector<Mistake> mistakes_in_min_hold(Milliseconds time);
// Throws ValidationError unless `mistakes` is empty.
void refuse(std::vector<Mistake> mistakes);

}  // namespace exclusive_lock
