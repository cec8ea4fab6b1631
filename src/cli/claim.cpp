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
#include "cli/wake_up.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

// "For ever", in a form that sums with a clock's reading.
constexpr Milliseconds for_ever = std::chrono::hours(24 * 3650);

class Claimant {
 public:
  Claimant(const ClaimOptions& claim, Options options, Session& session,
           const std::function<void(ExclusiveLock&)>& prepare)
      : claim_(claim),
        options_(std::move(options)),
        session_(session),
        prepare_(prepare),
        deadline_(BootClock::now() + claim.wait.value_or(for_ever)) {}

  // In the claiming thread.
  void connect_and_acquire(const std::stop_token& stop);
  // In the main thread: false while nothing was asked of the store that could have to be given
  // back. A stop that was requested before is then heeded.
  [[nodiscard]] bool is_acquiring() const { return is_acquiring_; }
  // Afterwards, in the main thread.
  ClaimResult result(std::optional<int> signal);

 private:
  [[nodiscard]] std::shared_ptr<Connection> open_store_in_time(const std::stop_token& stop) const;
  [[nodiscard]] bool may_wait_for_store(const StoreError& failure) const;
  bool acquire(const std::stop_token& stop);
  bool acquire_unless_done(const std::stop_token& stop);
  [[nodiscard]] std::optional<LastDone> look(const std::stop_token& stop) const;
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
  std::optional<LastDone> done_;  // it is not wanted
  std::exception_ptr failure_;
};

// A command that runs under the lock, and waits for that lock, waits for its own end.
void Claimant::refuse_wait_for_own_end() const {
  if (!session_.environment.value_of(owners_variable)) {
    return;
  }
  const auto record = held_.lock->inspect();
  if (record && session_.environment.runs_under(record->owner)) {
    throw ValidationError(
        {{.field = "app_name",
          .problem = shown(claim_.name) +
                     " is held by an exclusive-lock run that this command is part of; waiting for "
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
  // A hold that was handed over is short until its first refresh, and the grace for the command
  // counts on a full ttl.
  while (acquired && held_.lock->refresh() == RefreshOutcome::lost) {
    acquired = held_.lock->acquire_until(deadline_, stop);
  }
  line.end();
  return acquired;
}

// What may pass by itself: a server, or a name server, that starts after this machine has. A local
// store is never started by anybody.
bool Claimant::may_wait_for_store(const StoreError& failure) const {
  const auto is = [&failure](errc code) { return failure.code() == code; };
  const bool is_passing = is(errc::store_loading) || is(errc::store_busy) ||
                          is(errc::too_many_clients) || is(errc::outcome_unknown);
  const bool is_away =
      is(errc::store_unavailable) && is_on_a_server(session_.store.url.value_or("local:"));
  return !claim_.tries_once() && (is_passing || is_away) && BootClock::now() < deadline_;
}

// Whoever waits for the lock waits for its store as well. Others: throws the failure that is being
// handled again.
void Claimant::wait_for_store(const StoreError& failure, EveryMinute& report,
                              const std::stop_token& stop) const {
  if (!may_wait_for_store(failure)) {
    throw;
  }
  if (report.is_due(BootClock::now())) {
    session_.talk.note(message_of(failure) + "; waiting for the store of " + shown(claim_.name));
  }
  const auto left = std::chrono::ceil<Milliseconds>(deadline_ - BootClock::now());
  pause(std::min(left, Milliseconds(500)), stop);  // a refusal may come at once
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

// What was done so recently that this run is not wanted.
std::optional<LastDone> Claimant::look(const std::stop_token& stop) const {
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

// Looks before it waits, and again after, for it may have been done meanwhile. Whoever holds the
// lock then knows for sure; who does not may have waited for a name that --min-hold keeps closed.
bool Claimant::acquire_unless_done(const std::stop_token& stop) {
  done_ = look(stop);
  if (done_) {
    return false;
  }
  const bool is_held = acquire(stop);
  done_ = look(stop);
  if (is_held && done_) {
    held_.lock->release();  // which hands it over to whoever waits, to find the same
  }
  return is_held && !done_;
}

void Claimant::connect_and_acquire(const std::stop_token& stop) {
  try {
    held_.store = open_store_in_time(stop);
    options_.cache_connection = held_.store;
    // What becomes of the lock we tell ourselves, and need not be told twice.
    if (session_.store.verbose) {
      options_.log = ConnectionLog(session_.talk, true).logger();
    }
    held_.lock = std::make_unique<ExclusiveLock>(std::move(options_));
    prepare_(*held_.lock);
    is_acquiring_ =
        true;  // before the look at `stop`: one of the two threads sees what the other did
    acquired_ = !stop.stop_requested() && acquire_unless_done(stop);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

std::string holder_of(const ExclusiveLock& lock) {
  try {
    const auto record = lock.inspect();
    return record ? holder_and_age_text(*record, std::chrono::system_clock::now())
                  : "somebody who has just released it";
  } catch (const StoreError& error) {
    return "somebody; who, the store did not say (" + fit_for_terminal(error.code().message()) +
           ")";
  }
}

ClaimResult Claimant::result(std::optional<int> signal) {
  if (signal) {
    if (held_.lock) {
      held_.lock->release();  // the signal may have crossed the grant
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

// Returns when `done` was sent. `on_signal` is told the signals that end a process.
void listen_until(WakeUp& done, SignalInbox& signals, Talk& talk,
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
  WakeUp done;
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
  talk.note(held + "; gave up after " + spoken(claim.wait.value_or(for_ever)));
  return claim.conflict_exit_code.value_or(to_int(ExitCode::timed_out));
}

}  // namespace exclusive_lock::cli
