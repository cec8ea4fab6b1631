#pragma once
// One lock object at work: drives a LockMachine over a store, with real threads.
//
//   calls, timers, replies --> strand --> LockMachine --> actions --> store, scheduler, handlers,
//   log, waiting calls
//
// The machine is only touched on the strand. After each of its steps the belief is brought in line
// with it before any action is carried out: so held() is false before a release is sent, and true
// before acquire() returns.
//
// Ownership: replies, timers and handlers own the handle, the handle does not own the engine. The
// engine outlives them because its destructor closes the store and the scheduler first, which ends
// all of them.

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include "core/lock_machine.hpp"
#include "core/wait_plan.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "runtime/belief.hpp"
#include "runtime/engine.hpp"
#include "runtime/event_handlers.hpp"
#include "runtime/pending.hpp"
#include "runtime/strand.hpp"

namespace exclusive_lock {

class LockHandle : public std::enable_shared_from_this<LockHandle> {
 public:
  LockHandle(Engine& engine, LockSettings settings, std::shared_ptr<spdlog::logger> log);
  // To be called once after construction.
  void subscribe();

  // One try.
  AcquireAnswer try_acquire(AcquireMode mode);
  // Waits as WaitPlan says; no deadline: for ever. A stop ends it as TimedOut.
  std::variant<WaitPlan::Succeeded, WaitPlan::TimedOut, WaitPlan::Failed> acquire(
      AcquireMode mode, std::optional<Instant> deadline, const std::stop_token& stop);
  ReleaseOutcome release();
  RefreshOutcome refresh();
  // The last call: leaves the record alone if the settings say `detached`, otherwise releases it.
  void close();

  [[nodiscard]] std::optional<Instant> safe_until() const noexcept;
  [[nodiscard]] Fence fence() const noexcept { return Fence{fence_.load()}; }
  [[nodiscard]] std::string owner() const;
  [[nodiscard]] std::stop_token lost_token() const;
  [[nodiscard]] const std::string& key() const noexcept { return settings_.key; }
  [[nodiscard]] EventHandlers& handlers() noexcept { return *handlers_; }
  [[nodiscard]] spdlog::logger& log() noexcept { return *log_; }

 private:
  // A stop abandons it: it is then answered Busy at once.
  AcquireAnswer ask(AcquireMode mode, const std::optional<Wait>& wait, const std::stop_token& stop);

  // Everything below runs on the strand.
  void carry_out(Actions actions);
  void publish(Actions& actions);
  void set_alarm();
  // One for each kind of action.
  void perform(SendAttempt action);
  void perform(SendBeat action);
  void perform(SendRefresh action);
  void perform(const SendRelease& action);
  void perform(const AnswerAcquire& action);
  void perform(const ConcludeAcquire& action);
  void perform(const ConcludeRefresh& action);
  void perform(const ConcludeReleaseNotHeld& action);
  void perform(const TellWaiting& action);
  void perform(const TellAcquired& action);
  void perform(const TellRefreshed& action);
  void perform(const TellLost& action);
  void perform(const TellRefreshFailed& action);
  void released(const Answer<ReleaseReply>& answer,
                const std::shared_ptr<Pending<ReleaseOutcome>>& caller);
  void begin_hold(const LockMachine::Hold& hold);
  void end_hold();

  void set_beat_pause();
  [[nodiscard]] GrantRouter::Receiver receiver();
  // Until another thread's attempt is over and, as a mutex, its hold too.
  void wait_for_object(AcquireMode mode, std::optional<Instant> deadline,
                       const std::stop_token& stop);
  void pause_until(Instant when, const std::stop_token& stop);
  [[nodiscard]] Instant now() const noexcept { return engine_.clock().now(); }

  Engine& engine_;
  const LockSettings settings_;
  const std::shared_ptr<spdlog::logger> log_;
  const std::shared_ptr<EventHandlers> handlers_;
  const std::string shown_key_;  // for logs
  const std::array<std::uint8_t, 16> owner_id_;

  Strand strand_;
  LockMachine machine_;
  std::optional<Ticket> published_;  // of the hold that belief_ is about
  Scheduler::TimerId alarm_ = 0;
  std::optional<Instant> alarm_at_;
  std::vector<std::shared_ptr<Pending<AcquireAnswer>>> acquirers_;
  std::vector<std::shared_ptr<Pending<RefreshOutcome>>> refreshers_;
  std::shared_ptr<Pending<AcquireAnswer>> asking_;      // whose acquire is being requested just now
  std::shared_ptr<Pending<ReleaseOutcome>> releasing_;  // whose release is being requested just now

  Belief belief_;
  std::atomic<std::uint64_t> fence_{0};

  mutable std::mutex hold_mutex_;  // guards what follows; held for a few instructions only
  std::condition_variable_any changed_;
  bool is_attempting_ = false;
  bool is_held_ = false;
  std::string owner_;
  std::stop_source lost_;
};

}  // namespace exclusive_lock
