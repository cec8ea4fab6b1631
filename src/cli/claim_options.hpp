#pragma once
// The options that run and acquire share.

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

// Ten times the library's default: a hold of 3 s was lost on a machine at a load of 50, and a
// command line often runs on machines without load monitoring. The cost: after a machine dies, the
// others wait up to 30 s. `acquire` has the same default, because only the script that calls it
// refreshes its hold.
inline constexpr Milliseconds default_ttl = std::chrono::seconds(30);

struct ClaimOptions : LockName {
  std::optional<Milliseconds> wait;  // none: without a limit, as flock(1) does
  bool no_wait = false;
  std::optional<Milliseconds> ttl;
  bool allow_short_ttl = false;
  std::string contents = "1";
  std::string label;
  std::size_t barging_limit = 0;
  std::optional<int> conflict_exit_code;
  std::optional<OncePer> once_per;  // only run sets it

  [[nodiscard]] bool tries_once() const { return no_wait || (wait && wait->count() == 0); }
};

void add_claim_options(CLI::App& app, ClaimOptions& options, std::vector<Mistake>& mistakes);

// The library's options that run and acquire share. Adds a mistake if the contents are not JSON.
Options lock_options(const ClaimOptions& claim, const std::string& key_prefix,
                     std::vector<Mistake>& mistakes);

// Adds the mistakes that the library does not find in `lock_options`.
void check_claim_options(const ClaimOptions& claim, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock::cli
