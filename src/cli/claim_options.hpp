#pragma once
// The options with which run and acquire ask for a lock.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/duration.hpp"
#include "cli/lock_name.hpp"
#include "cli/once_per.hpp"
#include "exclusive_lock/options.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

// The command's default, ten times the library's. A command line runs on machines whose load nobody
// watches: at a load of 50 a hold of 3 s was lost. What it costs: after a machine that dies without
// a word, the others wait up to 30 s. `acquire` has the same one, for another reason: nothing
// refreshes its hold but the script that took it.
inline constexpr Milliseconds default_ttl = std::chrono::seconds(30);

struct ClaimOptions : LockName {
  std::optional<Milliseconds> wait;  // none: for ever, as flock(1) does
  bool no_wait = false;
  std::optional<Milliseconds> ttl;
  bool allow_short_ttl = false;
  std::string contents = "1";
  std::string label;
  std::size_t barging_streak = 0;
  std::optional<int> conflict_exit_code;
  std::optional<OncePer> once_per;  // run alone

  [[nodiscard]] bool tries_once() const { return no_wait || (wait && wait->count() == 0); }
};

void add_claim_options(CLI::App& app, ClaimOptions& options, std::vector<Mistake>& mistakes);

// The part that run and acquire share. Contents that are no JSON are added to the mistakes.
Options lock_options(const ClaimOptions& claim, const std::string& key_prefix,
                     std::vector<Mistake>& mistakes);

// What does not fit together, but for what the library says of `lock_options`.
void check_claim_options(const ClaimOptions& claim, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock::cli
