#include "cli/once_per.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/output/record_text.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/once.hpp"

namespace exclusive_lock::cli {
namespace {

// The same limit as ExclusiveLock::hold_at_least().
constexpr Milliseconds max_min_hold = std::chrono::days(7);

}  // namespace

void add_once_per_options(CLI::App& app, OncePerOptions& options, std::vector<Mistake>& mistakes) {
  add_duration(app, "--once-per", options.period,
               "Run only if the last --once-per run that succeeded began that long ago", mistakes);
  add_duration(app, "--tolerance", options.tolerance,
               "How much earlier than that a run may begin; default: a tenth of the period",
               mistakes);
  add_whole_number(app, "--skip-exit-code",
                   "Exit code where --once-per does not run the command; default 0", 255, mistakes,
                   [&options](std::size_t n) { options.skip_exit_code = static_cast<int>(n); });
  add_duration(app, "--min-hold", options.min_hold,
               "No other holder for that long after the start, even after a crash", mistakes);
}

std::optional<OncePer> once_per_of(const OncePerOptions& options, std::vector<Mistake>& mistakes) {
  if (options.min_hold.value_or(Milliseconds(0)) > max_min_hold) {
    mistakes.push_back({"--min-hold", "is " + duration_text(*options.min_hold),
                        "up to " + duration_text(max_min_hold)});
  }
  const auto is_about_period = [](const Mistake& one) {
    return one.field.starts_with("--once-per");
  };
  if (std::ranges::any_of(mistakes, is_about_period)) {
    return std::nullopt;
  }
  if (!options.period) {
    if (options.tolerance) {
      mistakes.push_back({"--tolerance", "requires --once-per", ""});
    }
    if (options.skip_exit_code) {
      mistakes.push_back({"--skip-exit-code", "requires --once-per", ""});
    }
    return std::nullopt;
  }
  const OncePer rule{.period = *options.period,
                     .tolerance = options.tolerance.value_or(default_tolerance(*options.period))};
  if (rule.period.count() < 1) {
    mistakes.push_back({"--once-per", "is 0 ms", "from 1ms on"});
  } else if (rule.tolerance > rule.period) {
    mistakes.push_back({"--tolerance", "is " + duration_text(rule.tolerance),
                        "up to --once-per, " + duration_text(rule.period)});
  }
  return rule;
}

std::optional<LastDone> recently_done(const ExclusiveLock& lock,
                                      const std::optional<OncePer>& rule) {
  auto done = rule ? lock.last_done() : std::nullopt;
  if (done && !is_done_recently(*done, rule->period, rule->tolerance)) {
    done.reset();
  }
  return done;
}

void report_not_recorded(const DoneRelease& release, const std::string& name, const OncePer& rule,
                         Talk& talk) {
  if (release.not_recorded) {
    talk.say("the store refused to record that " + shown(name) + " was done (" +
             fit_for_terminal(release.not_recorded.message()) +
             "); another host may run it again within " + duration_text(rule.period) +
             ". Make room in the store, or grant the right to write the key");
  } else if (release.outcome == ReleaseOutcome::unknown) {
    talk.say("whether the store recorded that " + shown(name) +
             " was done is not known; if not, another host runs it again");
  }
}

int report_skipped(const LastDone& done, const std::string& name, const OncePerOptions& options,
                   Talk& talk) {
  const std::string rule = "; it runs once per " + duration_text(options.period.value_or(done.age));
  if (done.age.count() < 0) {
    talk.note("skipped " + shown(name) + ": done by " + holder_text(done) + ", " +
              duration_text(-done.age) + " in the future of the store's clock, which was set back" +
              rule);
  } else {
    talk.note("skipped " + shown(name) + ": done, begun " + duration_text(done.age) + " ago by " +
              holder_text(done) + rule);
  }
  return options.skip_exit_code.value_or(0);
}

}  // namespace exclusive_lock::cli
