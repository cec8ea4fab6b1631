#pragma once
// async_once(): once() for a coroutine. Part of async.hpp.
//
//   const OnceOutcome outcome = co_await async_once(lock, 1h, [&]() -> awaitable<void> {
//     co_await write_report(lock.fence());
//   });

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "exclusive_lock/async_call.hpp"
#include "exclusive_lock/callbacks.hpp"
#include "exclusive_lock/once.hpp"
#include "exclusive_lock/saturating.hpp"
#include "exclusive_lock/with_lock.hpp"

namespace exclusive_lock {
namespace async_detail {

template <class Token>
auto async_last_done(const ExclusiveLock& lock, Token&& token) {
  using Seen = std::optional<LastDone>;
  return boost::asio::async_initiate<Token, Signature<Seen>>(
      [](auto handler, const ExclusiveLock* at) {
        begin_call(std::move(handler), Seen(),
                   [at](const auto& answered) { begin_last_done(*at, answered); });
      },
      token, &lock);
}

template <class Token>
auto async_hold_at_least(ExclusiveLock& lock, std::chrono::milliseconds time, Token&& token) {
  return boost::asio::async_initiate<Token, Signature<RefreshOutcome>>(
      [](auto handler, ExclusiveLock* on, std::chrono::milliseconds at_least) {
        begin_call(
            std::move(handler), RefreshOutcome::unknown, [on, at_least](const auto& answered) {
              begin_hold_at_least(*on, at_least,
                                  [answered](RefreshOutcome outcome) { answered({}, outcome); });
            });
      },
      token, &lock, time);
}

template <class Token>
auto async_release_done(const CallbackHold& hold, std::chrono::milliseconds keep_for,
                        Token&& token) {
  return boost::asio::async_initiate<Token, Signature<DoneRelease>>(
      [](auto handler, const CallbackHold& of, std::chrono::milliseconds time) {
        begin_call(std::move(handler), DoneRelease{.outcome = ReleaseOutcome::unknown},
                   [of, time](const auto& answered) {
                     of.release_done(
                         time, [answered](const DoneRelease& release) { answered({}, release); });
                   });
      },
      token, hold, keep_for);
}

struct OnceRule {
  std::chrono::milliseconds period;
  std::chrono::milliseconds tolerance;
};

// The result of one async_once().
struct OnceRun {
  std::optional<OnceOutcome> not_run{};  // why the body did not run; none: it ran
  DoneRelease release{};
  bool is_lost = false;
};

inline boost::asio::awaitable<bool> is_done(ExclusiveLock* lock, OnceRule rule) {
  const auto done = co_await async_last_done(*lock, boost::asio::use_awaitable);
  co_return done&& is_done_recently(*done, rule.period, rule.tolerance);
}

// Called while the lock is held. Writes the result to `run`.
template <class Body>
boost::asio::awaitable<void> run_if_due(ExclusiveLock* lock, OnceRule rule,
                                        std::chrono::milliseconds min_hold, Body* body,
                                        std::shared_ptr<OnceRun> run) {
  run->not_run = OnceOutcome::skipped;
  const bool was_done_meanwhile = co_await is_done(lock, rule);
  if (was_done_meanwhile)
    co_return;
  run->not_run = OnceOutcome::lost;
  if (min_hold.count() > 0) {
    const RefreshOutcome closed =
        co_await async_hold_at_least(*lock, min_hold, boost::asio::use_awaitable);
    if (closed != RefreshOutcome::refreshed)
      co_return;
  }
  run->not_run.reset();
  co_await (*body)();
}

// Releases the hold of an async_once().
struct OnceRelease {
  std::chrono::milliseconds period;
  std::shared_ptr<OnceRun> run;

  boost::asio::awaitable<void> operator()(CallbackHold hold, bool has_succeeded) const {
    if (has_succeeded && !run->not_run) {
      run->release = co_await async_release_done(hold, period, not_cancelled());
    } else {
      run->release.outcome = co_await async_release(hold, not_cancelled());
    }
    run->is_lost = hold.was_lost();
  }
};

template <class Body>
boost::asio::awaitable<OnceOutcome> once_under(ExclusiveLock& lock, OnceRule rule, Body body,
                                               OnceOptions options) {
  const bool was_done = co_await is_done(&lock, rule);
  if (was_done)
    co_return OnceOutcome::skipped;
  const AcquireTerms terms{
      .as = AcquireAs::mutex,
      .deadline = options.wait ? deadline_after(*options.wait) : Instant::max()};
  const auto run = std::make_shared<OnceRun>();
  // Not a temporary in the co_await expression: g++ 12 would destroy it twice.
  auto run_body = [on = &lock, rule, min_hold = options.min_hold, body = std::move(body),
                   run]() mutable { return run_if_due(on, rule, min_hold, &body, run); };
  OnceRelease release{.period = rule.period, .run = run};
  bool acquired = false;
  try {
    acquired = co_await under_lock(lock, terms, std::move(run_body), std::move(release));
  } catch (const boost::system::system_error&) {
    if (!run->is_lost)
      throw;
    co_return OnceOutcome::lost;
  }
  if (!acquired) {
    const bool is_done_now = co_await is_done(&lock, rule);
    co_return is_done_now ? OnceOutcome::skipped : OnceOutcome::busy;
  }
  co_return run->not_run.value_or(once_outcome(run->release));
}

}  // namespace async_detail

// Runs `body`, a function that returns an awaitable<void>, under `lock`, with the rules and
// outcomes of once(). Other coroutines may use the same lock object, as with with_lock(). A body
// that throws or is cancelled records nothing; async_once() throws the body's exception after the
// release.
//
// `options.stop` is ignored: cancel the coroutine instead. A cancellation or a loss reaches the
// body as in with_lock(). After a loss the outcome is OnceOutcome::lost, also if the body ended
// with a system_error; any other exception of the body is thrown. Throws what async_acquire_until
// throws, and ValidationError before it is awaited.
//
// Cost: that of once() and of with_lock().
template <class Body>
auto async_once(ExclusiveLock& lock, OptionMilliseconds period, Body body,
                OnceOptions options = {}) {
  const async_detail::OnceRule rule{.period = period,
                                    .tolerance = tolerance_or_refuse(period, options)};
  return async_detail::once_under(lock, rule, std::move(body), std::move(options));
}

}  // namespace exclusive_lock
