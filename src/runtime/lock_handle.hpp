#pragma once
// One lock object at work: drives a LockMachine over a store, for callers on any thread.
//
//   calls, timers, replies --> strand --> LockMachine --> actions --> store, scheduler, handlers,
//                                                                     log, LockCallers
//
// The machine is only used on the strand. After each of its steps, callers are shown the hold
// before any action is carried out: so held() is false before a release is sent, and true before
// acquire() returns.
//
// Ownership: replies, timers and handlers own the handle; the handle does not own the engine. The
// engine outlives them, because its destructor first closes the store and the scheduler, which ends
// all of them.
//
// A process may hold a hundred thousand of these. So a refresh allocates next to nothing: the
// handle has one alarm, which is set again once a refresh, and is itself what timers, refreshes and
// clock steps call.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/lock_machine.hpp"
#include "runtime/engine.hpp"
#include "runtime/event_handlers.hpp"
#include "runtime/lock_callers.hpp"
#include "runtime/push_router.hpp"
#include "runtime/strand.hpp"
#include "runtime/visible_hold.hpp"

namespace exclusive_lock {

class LockHandle : public std::enable_shared_from_this<LockHandle>,
                   public Scheduler::Alarm,
                   public Refresher::Requester,
                   public Engine::ClockListener,
                   public PushRouter::Receiver {
 public:
  using Operation = LockCallers::Operation;

  // A null `log` is silent.
  LockHandle(Engine& engine, LockSettings settings, std::shared_ptr<spdlog::logger> log);
  // To be called once after construction.
  void subscribe();

  // Any thread. Begins an acquire; once for each operation.
  void acquire(const Operation& operation);
  // Any thread, at any time. The operation ends as Abandoned, unless it has ended before, and
  // leaves nothing behind (G4).
  void abandon(const Operation& operation);
  // Any thread. The caller was not notified of its success and never will be: what it got is
  // released, unless other callers know that this object holds the lock.
  void give_back(const Operation& operation);
  // Any thread; `answered` is called once, on the strand, and must not block. With a ticket: only
  // the hold that has it.
  void release(ReleaseAnswered answered, std::optional<Ticket> only = std::nullopt,
               std::optional<Milliseconds> done_for = std::nullopt);
  void refresh(RefreshAnswered answered);
  void hold_at_least(Milliseconds time, RefreshAnswered answered);
  // The last call, which ends all that were begun: leaves the record alone if the settings say
  // `detached`, otherwise releases it and waits for the answer.
  void close();

  [[nodiscard]] std::optional<Instant> safe_until() const noexcept;
  [[nodiscard]] std::string owner() const;
  [[nodiscard]] const VisibleHold& hold() const noexcept { return hold_; }
  [[nodiscard]] const std::string& key() const noexcept { return settings().key; }
  [[nodiscard]] EventHandlers& handlers() { return handlers_.get(engine_.events(), log_); }
  [[nodiscard]] Instant now() const noexcept { return engine_.clock().now(); }

  // --- called by the engine, on any thread ---

  void ring() override;
  void will_ring() const noexcept override;
  void refresh_answered(Ticket ticket, Instant requested_at,
                        const Answer<RefreshReplyStatus>& answer) override;
  void store_clock_stepped(std::chrono::microseconds step) override;
  void store_clock_drifts() override;
  void wake_up_pushed(const WakeUp& wake_up) override;
  void pushes_resumed() override;
  void not_alone() override;

 protected:
  // For the simulation, which reads it and, in a mutant, misinforms it.
  [[nodiscard]] LockMachine& machine() noexcept { return machine_; }
  [[nodiscard]] virtual Drift store_drift() const noexcept { return engine_.drift(); }
  // No other waiter of this process for this key.
  [[nodiscard]] virtual bool is_alone() const { return engine_.pushes().is_alone(key()); }

 private:
  template <class Task>
  void on_strand(Task task) {
    strand_.post([self = shared_from_this(), task = std::move(task)]() mutable { task(*self); });
  }
  // Any thread: they never change.
  [[nodiscard]] const LockSettings& settings() const noexcept { return machine_.settings(); }

  // Everything below runs on the strand.
  template <class Event>
  void notify(Event event);
  void carry_out(Actions actions);
  void publish(Actions& actions);
  void set_alarm();
  // One for each kind of action.
  void perform(SendAttempt action);
  void perform(SendHeartbeat action);
  void perform(SendRefresh action);
  void perform(const SendRelease& action);
  void perform(const AnswerAcquire& action);
  void perform(const ConcludeAcquire& action);
  void perform(const ConcludeRefresh& action);
  void perform(const ConcludeReleaseNotHeld& action);
  void perform(const NotifyWaiting& action);
  void perform(const NotifyAcquired& action);
  void perform(const NotifyRefreshed& action);
  void perform(const NotifyLost& action);
  void perform(const NotifyRefreshFailed& action);
  void request_release(ReleaseAnswered answered, std::optional<Milliseconds> done_for);
  void released(Ticket ticket, const Answer<ReleaseReply>& answer, const ReleaseAnswered& caller);
  void report_release(Ticket ticket, const Answer<ReleaseReply>& answer,
                      const ReleaseAnswered& caller);
  void report_refused_mark(const StoreFailure& failure);
  template <class Request>
  void ask_for_refresh(RefreshAnswered answered, Request request);
  void set_heartbeat_pause();
  void look_at_store_clock();

  // --- acquire operations (lock_handle_acquiring.cpp) ---

  void request_acquire(const Operation& operation);
  void acquire_answered(const Operation& operation, const AcquireAnswer& answer);
  void set_timer(const Operation& operation, std::optional<Instant> when);
  void resume(const Operation& operation);
  void resume_first_idle();
  void end(const Operation& operation, const AcquireEnd& reason);
  // Ends it although its answer has not come. An attempt that it began is abandoned; one that it
  // joined goes on without it.
  void withdraw(const Operation& operation, const AcquireEnd& reason);
  void end_all();
  // For a hold of which no caller knows, or whose only caller does not want it any more.
  void release_unused();

  Engine& engine_;
  const std::shared_ptr<BackgroundLog> log_;

  Strand strand_;
  LockMachine machine_;
  std::optional<Ticket> published_;  // of the hold that hold_ shows
  std::optional<Instant> alarm_at_;
  LockCallers callers_;
  std::uint32_t notified_callers_ = 0;  // how many know of the present hold
  bool closed_ = false;

  VisibleHold hold_;
  LazyEventHandlers handlers_;
};

}  // namespace exclusive_lock
