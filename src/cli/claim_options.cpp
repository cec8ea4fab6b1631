#include "cli/claim_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/environment.hpp"
#include "cli/output/terminal.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {

void add_claim_options(CLI::App& app, ClaimOptions& options, std::vector<Mistake>& mistakes) {
  add_lock_name(app, options, "What is locked: any text");
  add_duration(app, "-w,--wait", options.wait,
               "Give up after that long, with exit code 124; default: wait without a limit",
               mistakes);
  app.add_flag("-n,--no-wait", options.no_wait, "Try once; exit code 75 if another holder has it");
  add_duration(app, "--ttl", options.ttl,
               "How long the lock outlives its last refresh; default 30s, up to 7d", mistakes);
  app.add_option("--contents", options.contents,
                 "Any JSON value of up to 64 KiB, shown by inspect; default 1")
      ->type_name("JSON");
  app.add_option("--label", options.label,
                 "Free text of up to 256 bytes, shown beside host and process")
      ->type_name("TEXT");
  add_whole_number(
      app, "--barging",
      "Throughput over fairness: up to N holds in a row may pass the waiters; default 0", 1'000'000,
      mistakes, [&options](std::size_t n) { options.barging_limit = n; });
  add_whole_number(app, "-E,--conflict-exit-code",
                   "Exit code instead of 75 and 124 when another holder has it", 255, mistakes,
                   [&options](std::size_t n) { options.conflict_exit_code = static_cast<int>(n); });
  app.add_flag("--allow-short-ttl", options.allow_short_ttl,
               "For tests: a ttl below 510ms, refreshed more tightly than is wise");
}

Options lock_options(const ClaimOptions& claim, const std::string& key_prefix,
                     std::vector<Mistake>& mistakes) {
  Options options = claim.options(key_prefix);
  options.label = claim.label;
  options.lock_ttl = claim.ttl.value_or(default_ttl);
  options.barging_limit = claim.barging_limit;
  options.allow_short_ttl = claim.allow_short_ttl;
  options.user = cut_to_bytes(user_name(), 64);
  try {
    options.lock_contents = Contents::parse(claim.contents);
  } catch (const ValidationError& error) {
    for (Mistake mistake : error.mistakes()) {
      mistake.field = "lock_contents";
      mistake.allowed = "any JSON value, such as 1, \"text\" or {\"shard\": 7}";
      mistakes.push_back(std::move(mistake));
    }
  }
  return options;
}

void check_claim_options(const ClaimOptions& claim, std::vector<Mistake>& mistakes) {
  if (claim.wait && claim.no_wait) {
    mistakes.push_back({"--wait", "excludes --no-wait", ""});
  }
}

}  // namespace exclusive_lock::cli
