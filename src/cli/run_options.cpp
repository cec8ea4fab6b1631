#include "cli/run_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/secrets.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

OnLost on_lost_from(const std::string& word) {
  if (word == "kill") {
    return OnLost::kill;
  }
  if (word == "signal") {
    return OnLost::signal;
  }
  if (word == "ignore") {
    return OnLost::ignore;
  }
  throw CLI::ValidationError("--on-lost", "\"" + printable(without_credentials(word), 64) +
                                              "\" is none of kill, signal, ignore");
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& options) {
  add_claim_options(app, options.claim);
  add_duration(app, "--refresh", options.refresh,
               "How often it is refreshed; default a third of the ttl");
  add_duration(
      app, "--grace", options.grace,
      "Time between TERM and KILL; default 1s, or a quarter of ttl - refresh if that is less");
  add_duration(app, "--max-hold", options.max_hold,
               "End the command when it has held the lock that long; exit code 80");
  const auto take_on_lost = [&options](const std::string& word) {
    options.on_lost = on_lost_from(word);
  };
  app.add_option_function<std::string>(
         "--on-lost", take_on_lost,
         "When the lock is lost: kill (TERM, then KILL; the default), signal (TERM only), ignore")
      ->type_name("kill|signal|ignore");
  app.add_flag("--allow-orphan", options.allow_orphan,
               "Let the command run on, unlocked, if this process is killed");
}

Options run_lock_options(const RunOptions& options, const std::string& key_prefix) {
  Options lock = lock_options(options.claim, key_prefix);
  if (options.claim.ttl) {
    lock.lock_ttl = *options.claim.ttl;
    // Short ones leave the library's 500 ms; what is then too little, it says.
    const Milliseconds latest = lock.lock_ttl - Milliseconds(lock.allow_short_ttl ? 0 : 500);
    lock.lock_refresh = std::max(std::min(lock.lock_ttl / 3, latest), Milliseconds(10));
  }
  lock.lock_refresh = options.refresh.value_or(lock.lock_refresh);
  return lock;
}

HoldRules hold_rules(const RunOptions& options, const Options& lock) {
  const Milliseconds grace =
      options.grace.value_or(default_grace(lock.lock_ttl, lock.lock_refresh));
  const Milliseconds longest = longest_grace(lock.lock_ttl, lock.lock_refresh);
  // Where the times are wrong in themselves, the library says so in better words.
  if (options.grace && longest.count() >= 0 && grace > longest) {
    throw ValidationError(
        {{"--grace", "is " + spoken(grace),
          "up to " + std::to_string(longest.count()) +
              "ms with this ttl and refresh, so that a refresh that is answered in time never ends "
              "the command; a longer --ttl allows more"}});
  }
  return {.on_lost = options.on_lost,
          .grace = grace,
          .margin = kill_margin(lock.lock_ttl),
          .max_hold = options.max_hold};
}

}  // namespace exclusive_lock::cli
