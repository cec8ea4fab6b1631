#include "cli/run_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/output/terminal.hpp"
#include "cli/parser.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

std::optional<OnLost> on_lost_from(const std::string& word) {
  if (word == "kill") {
    return OnLost::kill;
  }
  if (word == "signal") {
    return OnLost::signal;
  }
  if (word == "ignore") {
    return OnLost::ignore;
  }
  return std::nullopt;
}

// The command line, with quotes around words that a shell would split.
std::string joined(const std::vector<std::string>& command) {
  std::string text;
  for (const std::string& word : command) {
    const bool is_plain = !word.empty() && word.find_first_of(" \t\n'\"") == std::string::npos;
    text += (text.empty() ? "" : " ") + (is_plain ? word : "'" + word + "'");
  }
  return text;
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& options, std::vector<Mistake>& mistakes) {
  add_claim_options(app, options.claim, mistakes);
  add_duration(app, "--refresh", options.refresh,
               "Refresh interval; default a third of the ttl: two refreshes may fail", mistakes);
  add_duration(app, "--grace", options.grace,
               "Time between TERM and KILL; default 1s, or a quarter of ttl - refresh if that is "
               "less",
               mistakes);
  add_duration(app, "--max-hold", options.max_hold,
               "End the command when it has held the lock that long; exit code 80", mistakes);
  const auto take_on_lost = [&options, &mistakes](const std::string& word) {
    const auto on_lost = on_lost_from(word);
    options.on_lost = on_lost.value_or(options.on_lost);
    if (!on_lost) {
      mistakes.push_back(
          {"--on-lost:", "\"" + shown_word(word) + "\" is none of kill, signal, ignore", ""});
    }
  };
  app.add_option_function<std::string>(
         "--on-lost", take_on_lost,
         "When the lock is lost: kill (TERM, then KILL; the default), signal (TERM only), ignore")
      ->type_name("HOW");
  app.add_flag("--allow-orphan", options.allow_orphan,
               "Let the command run on, unlocked, if this process is killed");
  app.add_flag("--show-command", options.show_command,
               "Show the whole command line to all who may inspect the lock; without it only the "
               "program's name, as arguments may hold secrets");
  add_once_per_options(app, options.once, mistakes);
}

Options run_lock_options(const RunOptions& options, const std::vector<std::string>& command,
                         const std::string& key_prefix, std::vector<Mistake>& mistakes) {
  Options lock = lock_options(options.claim, key_prefix, mistakes);
  if (!command.empty()) {
    lock.program = cut_to_bytes(command.front().substr(command.front().rfind('/') + 1), 64);
  }
  if (options.show_command) {
    lock.command = cut_to_bytes(joined(command), 1024);
  }
  // Derived from a valid ttl, so that a wrong --ttl is not also reported as a wrong --refresh.
  const Milliseconds ttl = std::clamp(Milliseconds(lock.lock_ttl), Milliseconds(100),
                                      Milliseconds(std::chrono::days(7)));
  // A short ttl leaves the 500 ms that the library requires. If that is too short, the library
  // reports it.
  const Milliseconds latest = lock.allow_short_ttl ? ttl : ttl - Milliseconds(500);
  lock.lock_refresh =
      options.refresh.value_or(std::max(std::min(ttl / 3, latest), Milliseconds(10)));
  return lock;
}

HoldRules hold_rules(const RunOptions& options, const Options& lock) {
  const Milliseconds grace =
      options.grace.value_or(default_grace(lock.lock_ttl, lock.lock_refresh));
  const Milliseconds max = max_grace(lock.lock_ttl, lock.lock_refresh);
  // If ttl and refresh are wrong in themselves, the library reports that.
  if (options.grace && max.count() >= 0 && grace > max) {
    throw ValidationError(
        {{"--grace", "is " + duration_text(grace),
          "up to " + std::to_string(max.count()) +
              "ms with this ttl and refresh: with more, a refresh in time could still end "
              "the command; a longer --ttl allows more"}});
  }
  return {.on_lost = options.on_lost,
          .grace = grace,
          .margin = kill_margin(lock.lock_ttl),
          .max_hold = options.max_hold};
}

void append_mistakes_in_rules(const RunOptions& options, const Options& lock,
                              std::vector<Mistake>& mistakes) {
  if (options.max_hold && options.max_hold->count() == 0) {
    mistakes.push_back(
        {"--max-hold", "is 0s: the command would be ended as it begins", "above 0s"});
  }
  // The limit of the grace follows from ttl and refresh: if those are wrong, only they are
  // reported.
  const auto is_about_times = [](const Mistake& mistake) {
    return mistake.field.starts_with("--ttl") || mistake.field.starts_with("--refresh") ||
           mistake.field == "lock_ttl" || mistake.field == "lock_refresh";
  };
  if (std::ranges::any_of(mistakes, is_about_times)) {
    return;
  }
  try {
    hold_rules(options, lock);
  } catch (const ValidationError& error) {
    mistakes.insert(mistakes.end(), error.mistakes().begin(), error.mistakes().end());
  }
}

}  // namespace exclusive_lock::cli
