#pragma once
// run --once-per and --min-hold: their options, and the messages about a run that was skipped
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

// None: no run is skipped. Adds mistakes in the options.
std::optional<OncePer> once_per_of(const OncePerOptions& options, std::vector<Mistake>& mistakes);

// Set: the work was done so recently that this run is to be skipped. One round trip; none without
// `rule`.
std::optional<LastDone> recently_done(const ExclusiveLock& lock,
                                      const std::optional<OncePer>& rule);

// The first is for a command that ended with 0, the second for a command that did not run.
void report_not_recorded(const DoneRelease& release, const std::string& name, const OncePer& rule,
                         Talk& talk);
int report_skipped(const LastDone& done, const std::string& name, const OncePerOptions& options,
                   Talk& talk);

}  // namespace exclusive_lock::cli
