#pragma once
// The options with which run and acquire ask for a lock.

#include <cstddef>
#include <optional>
#include <string>

#include "cli/duration.hpp"
#include "exclusive_lock/options.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

struct ClaimOptions {
  std::string name;
  std::optional<Milliseconds> wait;  // none: for ever, as flock(1) does
  bool no_wait = false;
  std::optional<Milliseconds> ttl;
  bool allow_short_ttl = false;
  std::string contents = "1";
  std::string label;
  std::size_t barging_streak = 0;
  std::optional<int> conflict_exit_code;

  [[nodiscard]] bool tries_once() const { return no_wait || (wait && wait->count() == 0); }
};

// All but NAME, which run may find behind "--".
void add_claim_options(CLI::App& app, ClaimOptions& options);

// The part that run and acquire share. Throws ValidationError for contents that are not JSON.
Options lock_options(const ClaimOptions& claim, const std::string& key_prefix);

}  // namespace exclusive_lock::cli
