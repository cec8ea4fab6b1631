#include "cli/claim_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {

namespace {

// How many it may be is said with all other mistakes of the options, when the lock is made.
std::string what_is_no_count(const std::string& text) {
  const bool is_count = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return is_count ? "" : text + " is not a whole number from 0 on";
}

}  // namespace

void add_claim_options(CLI::App& app, ClaimOptions& options) {
  auto* const wait =
      add_duration(app, "-w,--wait", options.wait,
                   "Give up after that long, with exit code 124; default: wait for ever");
  app.add_flag("-n,--no-wait", options.no_wait, "Try once; exit code 75 if somebody else holds it")
      ->excludes(wait);
  add_duration(app, "--ttl", options.ttl,
               "How long the lock outlives its last refresh: 100ms to 7d");
  app.add_option("--contents", options.contents, "Any JSON value, shown by inspect; default 1")
      ->type_name("JSON");
  app.add_option("--label", options.label, "Free text, shown beside host and process")
      ->type_name("TEXT");
  app.add_option(
         "--barging", options.barging_streak,
         "Throughput over fairness: up to N holds in a row may pass those who wait; default 0")
      ->type_name("N")
      ->check(what_is_no_count);
  app.add_option("-E,--conflict-exit-code", options.conflict_exit_code,
                 "Exit code instead of 75 and 124 when somebody else holds it")
      ->type_name("N")
      ->check(CLI::Range(0, 255));
  app.add_flag("--allow-short-ttl", options.allow_short_ttl,
               "For tests: a ttl below 510ms, refreshed more tightly than is wise");
}

Options lock_options(const ClaimOptions& claim, const std::string& key_prefix) {
  Options options;
  options.app_name = claim.name;
  options.key_prefix = key_prefix;
  options.label = claim.label;
  options.barging_streak = claim.barging_streak;
  options.allow_short_ttl = claim.allow_short_ttl;
  try {
    options.lock_contents = Contents::parse(claim.contents);
  } catch (const ValidationError& error) {
    std::vector<Mistake> mistakes = error.mistakes();
    for (Mistake& mistake : mistakes) {
      mistake.field = "lock_contents";
      mistake.allowed = "any JSON value, such as 1, \"text\" or {\"shard\": 7}";
    }
    throw ValidationError(std::move(mistakes));
  }
  return options;
}

}  // namespace exclusive_lock::cli
