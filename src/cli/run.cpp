// run NAME -- COMMAND: runs a command under a lock.

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>

#include "cli/claim.hpp"
#include "cli/exit_codes.hpp"
#include "cli/guardian.hpp"
#include "cli/pacing.hpp"
#include "cli/parser.hpp"
#include "cli/program_file.hpp"
#include "cli/run_options.hpp"
#include "cli/secrets.hpp"
#include "cli/session.hpp"
#include "cli/supervision.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr auto time_for_event = std::chrono::seconds(1);

// Set by the lock's event handlers, read by the main thread.
struct HoldEvents {
  EventDescriptor hold_changed;
  std::mutex mutex;
  std::condition_variable lost;
  std::optional<LossReason> loss;        // with the mutex
  std::atomic<bool> is_running = false;  // failures after that belong to the release
  EveryMinute refresh_failures{};        // used by the handlers' thread only
};

// The exit code, and a signal that the terminal sent to the command's group only and that this
// process's group is to get as well.
struct Outcome {
  int exit_code;
  std::optional<int> signal_for_group = std::nullopt;
};

class Run {
 public:
  Run(const RunOptions& options, Options lock_options, Session& session)
      : options_(options),
        session_(session),
        rules_(hold_rules(options, lock_options)),
        lock_options_(std::move(lock_options)),
        guardian_({.allows_orphans = options.allow_orphan,
                   .grace = frees_on_process_end(session.store) ? Milliseconds(0) : rules_.grace},
                  signals_, foreground_) {
    signals_.on_child = [this] { guardian_.handle_sigchld(); };
  }

  Outcome run();

 private:
  Outcome run_under(const Held& held);
  [[nodiscard]] std::optional<ChildPlan> plan_child(const Held& held) const;
  Outcome supervise(const Held& held, Instant held_since);
  int report_not_started(int error) const;
  bool is_record_gone();
  int report_lost(const Supervision::Ended* ended);
  [[nodiscard]] bool is_closed_for_min_hold(ExclusiveLock& lock) const;
  DoneRelease end_hold(ExclusiveLock& lock, const Supervision::Ended& ended) const;
  int report_end(const Supervision::Ended& ended, const DoneRelease& released);
  [[nodiscard]] std::string lock_state() const;

  const RunOptions& options_;
  Session& session_;
  HoldRules rules_;
  Options lock_options_;
  SignalInbox signals_;  // before the guardian and all threads: they inherit the signal mask
  Foreground foreground_;
  Guardian guardian_;
  HoldEvents events_;
};

Outcome Run::run() {
  const auto listen = [this](ExclusiveLock& lock) {
    lock.on_refreshed([this](const RefreshedEvent&) { events_.hold_changed.send(); });
    lock.on_lost([this](const LostEvent& event) {
      const std::lock_guard guard(events_.mutex);
      events_.loss = event.reason;
      events_.lost.notify_all();
    });
    lock.on_error([this](const ErrorEvent& event) {
      if (events_.is_running && events_.refresh_failures.is_due(BootClock::now())) {
        session_.talk.note(
            shown(options_.claim.name) +
            " could not be refreshed, will try again: " + fit_for_terminal(event.message));
      }
    });
  };
  const ClaimResult claimed = claim_lock(options_.claim, lock_options_, session_, signals_, listen);
  if (const auto* interrupted = std::get_if<Interrupted>(&claimed)) {
    return {.exit_code = report_interrupted(*interrupted, options_.claim, session_.talk)};
  }
  if (const auto* other = std::get_if<NotHeld>(&claimed)) {
    return {.exit_code = report_not_held(*other, options_.claim, session_.talk)};
  }
  if (const auto* skipped = std::get_if<Skipped>(&claimed)) {
    return {.exit_code =
                report_skipped(skipped->done, options_.claim.name, options_.once, session_.talk)};
  }
  return run_under(std::get<Held>(claimed));
}

Outcome Run::run_under(const Held& held) {
  const Instant held_since = BootClock::now();
  if (!is_closed_for_min_hold(*held.lock)) {
    return {.exit_code = report_lost(nullptr)};
  }
  session_.talk.must_not_wait(true);
  const auto plan = plan_child(held);
  if (!plan) {
    return {.exit_code = report_lost(nullptr)};
  }
  if (const auto warning = warning_about_user_of(
          plan->arguments.front(), session_.environment.value_of("PATH").value_or(""))) {
    session_.talk.say(*warning);
  }
  if (options_.on_lost == OnLost::kill) {
    guardian_.kill_at(held.lock->safe_until().value_or(held_since) - rules_.margin / 2);
  }
  guardian_.start(*plan, foreground_.lends_at_start());
  return supervise(held, held_since);
}

// None: the lock is lost already.
std::optional<ChildPlan> Run::plan_child(const Held& held) const {
  const ExclusiveLock& lock = *held.lock;
  const auto fence = lock.fence();
  const auto safe_until = lock.safe_until();
  const std::string owner = lock.owner();
  if (!fence || !safe_until || owner.empty()) {
    return std::nullopt;
  }
  const auto safe_until_ms = std::chrono::floor<Milliseconds>(safe_until->time_since_epoch());
  std::vector<Variable> facts = variables_for(session_.store, *held.store);
  facts.insert(facts.end(),
               {{"EXCLUSIVE_LOCK_NAME", options_.claim.name},
                {"EXCLUSIVE_LOCK_KEY", lock.key()},
                {"EXCLUSIVE_LOCK_OWNER", owner},
                {owners_variable, session_.environment.owners_with(owner)},
                {"EXCLUSIVE_LOCK_FENCE", std::to_string(fence->value)},
                {"EXCLUSIVE_LOCK_SAFE_UNTIL_MS", std::to_string(safe_until_ms.count())}});
  return ChildPlan{.arguments = session_.command,
                   .environment = session_.environment.for_child(facts)};
}

Outcome Run::supervise(const Held& held, Instant held_since) {
  const std::stop_callback notify_loss(held.lock->lost_token(),
                                       [this] { events_.hold_changed.send(); });
  Supervision supervision({.lock = *held.lock,
                           .guardian = guardian_,
                           .signals = signals_,
                           .foreground = foreground_,
                           .hold_changed = events_.hold_changed,
                           .talk = session_.talk},
                          HoldWatch(rules_, held_since));
  events_.is_running = true;
  const Supervision::Ended ended = supervision.run();
  events_.is_running = false;
  const auto is_job = [&](Report::Kind kind) { return ended.job && ended.job->kind == kind; };
  const bool is_killed = is_job(Report::Kind::killed);
  guardian_.dismiss();
  const DoneRelease released = end_hold(*held.lock, ended);
  session_.talk.must_not_wait(false);
  if (is_job(Report::Kind::not_started)) {
    return {.exit_code = report_not_started(ended.job->number)};
  }
  Outcome outcome{.exit_code = report_end(ended, released)};
  if (is_killed && ended.had_terminal &&
      (ended.job->number == SIGINT || ended.job->number == SIGQUIT)) {
    outcome.signal_for_group = ended.job->number;
  }
  return outcome;
}

// The state of the lock after the command, for a message.
std::string Run::lock_state() const {
  return options_.once.min_hold ? "the name stays closed until --min-hold is over"
                                : "the lock was released";
}

int Run::report_not_started(int error) const {
  const bool not_found = error == ENOENT || error == ENOTDIR;
  const std::string& command = session_.command.front();
  const std::string why = command.empty() ? "its name is empty"
                          : not_found     ? "not found, or the interpreter in its first line is not"
                                          : std::generic_category().message(error);
  session_.talk.say("cannot run \"" + shown(without_credentials(command)) + "\": " + why + "; " +
                    lock_state());
  return to_int(not_found ? ExitCode::not_found : ExitCode::cannot_execute);
}

// The event comes on another thread, perhaps after the token was stopped.
bool Run::is_record_gone() {
  std::unique_lock guard(events_.mutex);
  events_.lost.wait_for(guard, time_for_event, [this] { return events_.loss.has_value(); });
  return events_.loss == LossReason::record_gone;
}

int Run::report_lost(const Supervision::Ended* ended) {
  const char* const cause =
      is_record_gone()
          ? "the store no longer has its record: it expired, or it was removed, or the "
            "store lost its data"
          : "it was not refreshed in time: the store did not answer, or this process was stopped";
  const char* effect = "the command was not started";
  if (ended != nullptr) {
    switch (options_.on_lost) {
      case OnLost::kill:
        effect =
            ended->survivors.empty() ? "the command was ended" : "not all processes could be ended";
        break;
      case OnLost::signal:
        effect = ended->is_term_refused ? "not all of the command could be sent TERM"
                                        : "the command was sent TERM";
        break;
      case OnLost::ignore:
        effect = "the command was not ended, because of --on-lost=ignore";
        break;
    }
  }
  session_.talk.say("lost " + shown(options_.claim.name) + ": " + cause + "; " + effect +
                    ", and another holder may have the lock now");
  return to_int(ExitCode::lost);
}

// Runs before the command starts, so that a second start finds the name closed.
bool Run::is_closed_for_min_hold(ExclusiveLock& lock) const {
  const Milliseconds min_hold = options_.once.min_hold.value_or(Milliseconds(0));
  return min_hold.count() == 0 || lock.hold_at_least(min_hold) == RefreshOutcome::refreshed;
}

// The release records a command that succeeded under a safe hold, in the same atomic step.
DoneRelease Run::end_hold(ExclusiveLock& lock, const Supervision::Ended& ended) const {
  const bool has_succeeded =
      ended.job && ended.job->kind == Report::Kind::exited && ended.job->number == 0;
  if (options_.claim.once_per && has_succeeded && ended.survivors.empty() &&
      ended.reason == HoldWatch::Reason::none && lock.held()) {
    return lock.release_done(options_.claim.once_per->period);
  }
  return {.outcome = lock.release()};
}

int Run::report_end(const Supervision::Ended& ended, const DoneRelease& released) {
  const bool is_ended = ended.survivors.empty();
  if (!is_ended) {
    session_.talk.say("could not be ended, and may run beside the next holder of " +
                      shown(options_.claim.name) + ": " + survivors_text(ended.survivors));
  }
  const bool is_lost = ended.reason == HoldWatch::Reason::lost;
  if (is_lost) {
    return report_lost(&ended);
  }
  if (released.outcome == ReleaseOutcome::not_held) {
    session_.talk.say("lost " + shown(options_.claim.name) +
                      ": at the release the store no longer had its record: it "
                      "expired, or it was removed, or the store lost its data; another holder "
                      "may have had the lock while the command ran");
    return to_int(ExitCode::lost);
  }
  if (options_.claim.once_per) {
    report_not_recorded(released, options_.claim.name, *options_.claim.once_per, session_.talk);
  }
  if (released.outcome == ReleaseOutcome::unknown) {
    session_.talk.say("the store did not answer the release of " + shown(options_.claim.name) +
                      "; it is free after " + duration_text(lock_options_.lock_ttl) +
                      " at the latest");
  }
  if (ended.reason == HoldWatch::Reason::held_too_long) {
    session_.talk.say(
        shown(options_.claim.name) + " was held for longer than --max-hold " +
        duration_text(*options_.max_hold) +
        (is_ended ? "; the command was ended, and " : "; not all processes could be ended; ") +
        lock_state());
    return to_int(ExitCode::held_too_long);
  }
  if (ended.is_guardian_gone || !ended.job) {
    session_.talk.say(
        std::string("the process that supervises the command (lock-guardian) was killed; ") +
        (is_ended ? "so the command was ended, and " : "not all processes could be ended; ") +
        lock_state());
    return to_int(ExitCode::internal);
  }
  return ended.job->kind == Report::Kind::killed ? exit_code_for_signal(ended.job->number)
                                                 : ended.job->number;
}

// A NAME that begins with a dash may follow "--": run --ttl 5s -- -name -- command.
void take_name_and_command(CLI::App& parser, ClaimOptions& claim, Session& session) {
  auto& command = session.command;
  bool has_name = parser.count("NAME") > 0;
  if (!has_name && !claim.key && command.size() >= 2 && command[1] == "--") {
    claim.name = command[0];
    command.erase(command.begin(), command.begin() + 2);
    has_name = true;
  }
  settle(claim, has_name, session.mistakes);
  if (command.empty()) {
    session.mistakes.push_back({"COMMAND",
                                "is missing; put it after --, as in: exclusive-lock run " +
                                    shown_word(claim.name) + " -- make",
                                ""});
  }
}

void check(CLI::App& parser, RunOptions& options, Session& session) {
  take_name_and_command(parser, options.claim, session);
  check_claim_options(options.claim, session.mistakes);
  const Options lock =
      run_lock_options(options, session.command, session.store.key_prefix, session.mistakes);
  append_mistakes_in(lock, session.mistakes);
  append_mistakes_in_rules(options, lock, session.mistakes);
  options.claim.once_per = once_per_of(options.once, session.mistakes);
}

int act(const RunOptions& options, Session& session) {
  Outcome outcome{};
  {
    Run run(options,
            run_lock_options(options, session.command, session.store.key_prefix, session.mistakes),
            session);
    outcome = run.run();
  }
  // ^C at a lent terminal reaches only the command. In a script, whose shell is in this process's
  // group, ^C is meant for the script too.
  if (outcome.signal_for_group && ::getpgrp() != ::getpid()) {
    ::kill(0, *outcome.signal_for_group);
  }
  return outcome.exit_code;
}

}  // namespace

Subcommand add_run(CLI::App& app, Session& session) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* const parser = app.add_subcommand("run", "Run a command while holding a lock");
  add_run_options(*parser, *options, session.mistakes);
  parser->footer("  exclusive-lock run nightly --wait 10m -- make report\n");
  return {.parser = parser,
          .check = [parser, options, &session] { check(*parser, *options, session); },
          .act = [options, &session] { return act(*options, session); }};
}

}  // namespace exclusive_lock::cli
