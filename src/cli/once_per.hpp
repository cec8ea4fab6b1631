#pragma once
// run --once-per and --min-hold: what can be said, and what is said of a run that was skipped
// (docs/decisions/0020-once-per-period.md).

#include <optional>
#include <string>
#include <vector>

#include "cli/duration.hpp"
#include "cli/output/talk.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

struct OncePer {
  Milliseconds period;
  Milliseconds tolerance;
};

struct OncePerOptions {
  std::optional<Milliseconds> period;
  std::optional<Milliseconds> tolerance;
  std::optional<Milliseconds> min_hold;
  std::optional<int> skip_exit_code;
};

void add_once_per_options(CLI::App& app, OncePerOptions& options, std::vector<Mistake>& mistakes);

// None: every run is wanted. Adds what does not fit together to the mistakes.
std::optional<OncePer> once_per_of(const OncePerOptions& options, std::vector<Mistake>& mistakes);

// What was done so recently that a run is not wanted. One round trip; none without `rule`.
std::optional<LastDone> recently_done(const ExclusiveLock& lock,
                                      const std::optional<OncePer>& rule);

// Each says what happened; for the command that ended with 0, and for the one that did not run.
void report_not_recorded(const DoneRelease& release, const std::string& name, const OncePer& rule,
                         Talk& talk);
int report_skipped(const LastDone& done, const std::string& name, const OncePerOptions& options,
                   Talk& talk);

}  // namespace exclusive_lock::cli
