#include "cli/claim.hpp"

#include <poll.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <thread>

#include "cli/exit_codes.hpp"
#include "cli/failure_report.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/wait_line.hpp"
#include "cli/pacing.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
namespace {

// No limit, as a duration that can be added to a clock's reading without overflow.
constexpr Milliseconds no_limit = std::chrono::hours(24 * 3650);

class Claimant {
 public:
  Claimant(const ClaimOptions& claim, Options options, Session& session,
           const std::function<void(ExclusiveLock&)>& prepare)
      : claim_(claim),
        options_(std::move(options)),
        session_(session),
        prepare_(prepare),
        deadline_(BootClock::now() + claim.wait.value_or(no_limit)) {}

  // Runs in the claiming thread.
  void connect_and_acquire(const std::stop_token& stop);
  // Called by the main thread. False: no request that might have to be undone was sent to the
  // store, and none will be sent after a stop was requested.
  [[nodiscard]] bool is_acquiring() const { return is_acquiring_; }
  // Called by the main thread after the claiming thread has ended.
  ClaimResult result(std::optional<int> signal);

 private:
  [[nodiscard]] std::shared_ptr<Connection> open_store_in_time(const std::stop_token& stop) const;
  [[nodiscard]] bool may_wait_for_store(const StoreError& failure) const;
  bool acquire(const std::stop_token& stop);
  bool acquire_unless_done(const std::stop_token& stop);
  [[nodiscard]] std::optional<LastDone> check_done(const std::stop_token& stop) const;
  void wait_for_store(const StoreError& failure, EveryMinute& report,
                      const std::stop_token& stop) const;
  void refuse_wait_for_own_end() const;

  const ClaimOptions& claim_;
  Options options_;
  Session& session_;
  const std::function<void(ExclusiveLock&)>& prepare_;
  Instant deadline_;
  Held held_;
  std::atomic<bool> is_acquiring_ = false;
  bool acquired_ = false;
  std::optional<LastDone> done_;  // set: the run is to be skipped
  std::exception_ptr failure_;
};

// A command that runs under a lock and waits for the same lock would wait for its own end.
void Claimant::refuse_wait_for_own_end() const {
  if (!session_.environment.value_of(owners_variable)) {
    return;
  }
  const auto record = held_.lock->inspect();
  if (record && session_.environment.runs_under(record->owner)) {
    throw ValidationError({{.field = "app_name",
                            .problem = shown(claim_.name) +
                                       " is held by an enclosing exclusive-lock run; waiting for "
                                       "it would never end",
                            .allowed = "another name, or --no-wait"}});
  }
}

bool Claimant::acquire(const std::stop_token& stop) {
  if (claim_.tries_once()) {
    return held_.lock->acquire();
  }
  refuse_wait_for_own_end();
  WaitLine line(*held_.lock, claim_.name, held_.store->url(), session_.talk, {});
  bool acquired = held_.lock->acquire_until(deadline_, stop);
  // A hold that was handed over is short until its first refresh. The command's grace assumes a
  // full ttl.
  while (acquired && held_.lock->refresh() == RefreshOutcome::lost) {
    acquired = held_.lock->acquire_until(deadline_, stop);
  }
  line.end();
  return acquired;
}

// Failures that may pass by themselves: a server, or a name server, that starts later than this
// machine. A local store has no server to wait for.
bool Claimant::may_wait_for_store(const StoreError& failure) const {
  const auto is = [&failure](errc code) { return failure.code() == code; };
  const bool is_passing = is(errc::store_loading) || is(errc::store_busy) ||
                          is(errc::too_many_clients) || is(errc::outcome_unknown);
  const bool is_away =
      is(errc::store_unavailable) && is_on_a_server(session_.store.url.value_or("local:"));
  return !claim_.tries_once() && (is_passing || is_away) && BootClock::now() < deadline_;
}

// A caller that waits for the lock waits for the store as well. Otherwise: rethrows the failure
// that is being handled.
void Claimant::wait_for_store(const StoreError& failure, EveryMinute& report,
                              const std::stop_token& stop) const {
  if (!may_wait_for_store(failure)) {
    throw;
  }
  if (report.is_due(BootClock::now())) {
    session_.talk.note(message_of(failure) + "; waiting for the store of " + shown(claim_.name));
  }
  const auto left = std::chrono::ceil<Milliseconds>(deadline_ - BootClock::now());
  pause(std::min(left, Milliseconds(500)), stop);  // a failed attempt may return at once
}

std::shared_ptr<Connection> Claimant::open_store_in_time(const std::stop_token& stop) const {
  StoreOptions store = session_.store;
  store.retry_connect = !claim_.tries_once();
  if (!claim_.tries_once()) {
    store.credentials_file = readable_again(store.credentials_file);
  }
  for (EveryMinute report;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ - BootClock::now());
    if (!claim_.tries_once()) {
      store.connect_timeout = std::min(store.connect_timeout, std::max(left, Milliseconds(100)));
    }
    try {
      return open_store(store, session_.environment, session_.talk);
    } catch (const StoreError& failure) {
      wait_for_store(failure, report, stop);
    }
  }
}

// Set: the work was done so recently that this run is to be skipped.
std::optional<LastDone> Claimant::check_done(const std::stop_token& stop) const {
  for (EveryMinute report;;) {
    try {
      return recently_done(*held_.lock, claim_.once_per);
    } catch (const StoreError& failure) {
      if (stop.stop_requested()) {
        throw;
      }
      wait_for_store(failure, report, stop);
    }
  }
}

// Checks before the wait, and again after it: another host may have done the work meanwhile. A
// caller that holds the lock then has the final answer. A caller that does not may have waited for
// a name that --min-hold keeps closed.
bool Claimant::acquire_unless_done(const std::stop_token& stop) {
  done_ = check_done(stop);
  if (done_) {
    return false;
  }
  const bool is_held = acquire(stop);
  done_ = check_done(stop);
  if (is_held && done_) {
    held_.lock->release();  // hands the lock over to the next waiter, which checks as well
  }
  return is_held && !done_;
}

void Claimant::connect_and_acquire(const std::stop_token& stop) {
  try {
    held_.store = open_store_in_time(stop);
    options_.cache_connection = held_.store;
    // The command reports acquisition and loss itself, so the library logs them only with
    // --verbose.
    if (session_.store.verbose) {
      options_.log = ConnectionLog(session_.talk, true).logger();
    }
    held_.lock = std::make_unique<ExclusiveLock>(std::move(options_));
    prepare_(*held_.lock);
    // Set before `stop` is read: so at least one of the two threads sees the other's change.
    is_acquiring_ = true;
    acquired_ = !stop.stop_requested() && acquire_unless_done(stop);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

std::string holder_of(const ExclusiveLock& lock) {
  try {
    const auto record = lock.inspect();
    return record ? holder_and_age_text(*record, std::chrono::system_clock::now())
                  : "a holder that has just released it";
  } catch (const StoreError& error) {
    return "an unknown holder (the store did not answer: " +
           fit_for_terminal(error.code().message()) + ")";
  }
}

ClaimResult Claimant::result(std::optional<int> signal) {
  if (signal) {
    if (held_.lock) {
      held_.lock->release();  // the store may have granted the lock at the same moment
    }
    return Interrupted{*signal};
  }
  if (failure_) {
    std::rethrow_exception(failure_);
  }
  if (done_) {
    return Skipped{*std::move(done_)};
  }
  if (acquired_) {
    return std::move(held_);
  }
  return NotHeld{holder_of(*held_.lock)};
}

// Returns when `done` was sent. Calls `on_signal` for each signal that would end a process.
void listen_until(EventDescriptor& done, SignalInbox& signals, Talk& talk,
                  const std::function<void(int)>& on_signal) {
  std::array<pollfd, 2> events{pollfd{.fd = done.descriptor(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0}};
  while (!done.receive()) {
    ::poll(events.data(), events.size(), -1);
    while (const auto signal = signals.next()) {
      if (*signal == SIGTSTP) {
        talk.clear_status();
        signals.stop_this_process(SIGTSTP, false);
      } else if (ends_by_default(*signal)) {
        on_signal(*signal);
      }
    }
  }
}

}  // namespace

ClaimResult claim_lock(const ClaimOptions& claim, Options options, Session& session,
                       SignalInbox& signals, const std::function<void(ExclusiveLock&)>& prepare) {
  EventDescriptor done;
  Claimant claimant(claim, std::move(options), session, prepare);
  std::jthread thread([&](const std::stop_token& stop) {
    claimant.connect_and_acquire(stop);
    done.send();
  });
  std::optional<int> ended_by;
  listen_until(done, signals, session.talk, [&](int signal) {
    const bool is_second = ended_by.has_value();
    ended_by = ended_by.value_or(signal);
    thread.request_stop();
    if (is_second || !claimant.is_acquiring()) {
      std::_Exit(report_interrupted({*ended_by}, claim, session.talk));
    }
  });
  thread.join();
  return claimant.result(ended_by);
}

int report_interrupted(Interrupted result, const ClaimOptions& claim, Talk& talk) {
  const char* const name = ::sigdescr_np(result.signal);
  talk.say("stopped waiting for " + shown(claim.name) + ": " +
           (name != nullptr ? name : "signal " + std::to_string(result.signal)));
  return exit_code_for_signal(result.signal);
}

int report_not_held(const NotHeld& result, const ClaimOptions& claim, Talk& talk) {
  const std::string held = shown(claim.name) + " is held by " + result.holder;
  if (claim.tries_once()) {
    talk.note(held + "; not waiting for it");
    return claim.conflict_exit_code.value_or(to_int(ExitCode::busy));
  }
  talk.note(held + "; gave up after " + duration_text(claim.wait.value_or(no_limit)));
  return claim.conflict_exit_code.value_or(to_int(ExitCode::timed_out));
}

}  // namespace exclusive_lock::cli
