#pragma once
// The options of run.

#include <optional>

#include "cli/claim_options.hpp"
#include "cli/hold_watch.hpp"
#include "exclusive_lock/options.hpp"

namespace exclusive_lock::cli {

struct RunOptions {
  ClaimOptions claim;
  std::optional<Milliseconds> refresh;
  std::optional<Milliseconds> grace;
  std::optional<Milliseconds> max_hold;
  OnLost on_lost = OnLost::kill;
  bool allow_orphan = false;
  bool show_command = false;
  OncePerOptions once;
};

void add_run_options(CLI::App& app, RunOptions& options, std::vector<Mistake>& mistakes);

// Without --refresh, the lock is refreshed once a third of the ttl: two refreshes in a row may
// fail.
Options run_lock_options(const RunOptions& options, const std::vector<std::string>& command,
                         const std::string& key_prefix, std::vector<Mistake>& mistakes);

// Throws ValidationError if the grace is so long that a hold that is refreshed on schedule would
// get TERM.
HoldRules hold_rules(const RunOptions& options, const Options& lock);

// Adds the mistakes that hold_rules() would throw.
void append_mistakes_in_rules(const RunOptions& options, const Options& lock,
                              std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock::cli
