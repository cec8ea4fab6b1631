#pragma once
// What can be said to run, and what must fit together.

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
};

void add_run_options(CLI::App& app, RunOptions& options);

// Without --refresh a third of --ttl, without both the library's defaults. Throws ValidationError
// for contents.
Options run_lock_options(const RunOptions& options, const std::string& key_prefix);

// Throws ValidationError where the grace is so long that a hold that is refreshed as planned would
// end in it.
HoldRules hold_rules(const RunOptions& options, const Options& lock);

}  // namespace exclusive_lock::cli
