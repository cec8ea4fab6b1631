#pragma once
// One lock object at work: the machine of src/core, driven as runtime/lock_handle.cpp drives it,
// with the calls of its user turned into callbacks.

#include <functional>
#include <optional>
#include <string>

#include "core/lock_machine.hpp"
#include "core/wait_plan.hpp"
#include "runtime/belief.hpp"
#include "sim/process.hpp"

namespace exclusive_lock::sim {

class LockDriver {
 public:
  // What its user hears.
  struct User {
    std::function<void(bool acquired)> acquire_ended;
    std::function<void()> lost;
    std::function<void()> released;
  };
  LockDriver(Process& process, LockSettings settings, User user);

  // As acquire(), and as acquire_until(): no deadline: for ever. One call at a time.
  void try_acquire();
  void acquire_until(std::optional<Instant> deadline);
  // As a stop token.
  void cancel();
  void release();
  void refresh();
  // As held(): a look that finds it over ends it.
  [[nodiscard]] bool is_held() { return belief_.look(process_.now()).has_value(); }

  [[nodiscard]] Fence fence() const { return fence_; }
  [[nodiscard]] Owner owner() const { return {.id = id_, .ticket = published_.value_or(0)}; }
  [[nodiscard]] bool is_calling() const { return call_.has_value(); }
  // Nothing is held, asked for, or still to be given back.
  [[nodiscard]] bool is_at_rest() const;
  // What is_held() would say now, without being a look.
  [[nodiscard]] std::optional<ShownHold> shown() const;
  // The ticket that it asks or waits with; none: it does neither.
  [[nodiscard]] std::optional<Owner> waiting_as() const;
  // Whether every hold has been told of, and every end of one.
  [[nodiscard]] bool is_told_of() const { return is_told_held_ == machine_.hold().has_value(); }
  [[nodiscard]] const std::string& key() const { return settings_.key; }

 private:
  struct Call {
    WaitPlan plan;
    std::optional<Instant> deadline;
    Wait wait;
    bool is_one_try;
    bool is_stopped = false;
    bool is_pausing = false;
  };
  void ask();
  void answered(const AcquireAnswer& answer);
  void end_call(bool acquired);

  void carry_out(Actions actions);
  void publish(Actions& actions);
  void set_alarm();
  void set_beat_pause();
  void perform(const SendAttempt& action);
  void perform(const SendBeat& action);
  void perform(const SendRefresh& action);
  void perform(const SendRelease& action);
  void perform(const AnswerAcquire& action) { answered(action.answer); }
  void perform(const ConcludeAcquire& action) { answered(action.answer); }
  void perform(const ConcludeRefresh&) {}
  void perform(const ConcludeReleaseNotHeld& action);
  void perform(const TellWaiting& action);
  void perform(const TellAcquired& action);
  void perform(const TellRefreshed&) {}
  void perform(const TellLost& action);
  void perform(const TellRefreshFailed&) {}

  // As runtime/releaser.cpp.
  void give_back(const ReleaseRequest& request, Instant pointless_after, int failures,
                 bool is_called_for);
  void send_beat(const SendBeat& action);
  void send_attempt(AttemptRequest request, Instant requested_at);
  void granted(Grant grant);
  [[nodiscard]] bool has_bug(Mutant mutant) const { return process_.world().mutant == mutant; }
  template <class Text>
  void say(const Text& text) const {
    process_.world().trace.say(settings_.key, [&] { return name_ + " " + text(); });
  }
  [[nodiscard]] Instant now() const { return process_.now(); }

  Process& process_;
  LockSettings settings_;
  OwnerId id_;
  std::string name_;
  User user_;
  LockMachine machine_;
  Belief belief_;
  std::optional<Ticket> published_;  // of the hold that belief_ is about
  Ticket last_held_{};               // of the last hold that belief_ was about
  Fence fence_;
  std::optional<Instant> alarm_at_;
  std::uint64_t alarm_ = 0;
  std::optional<Call> call_;
  std::uint64_t calls_ = 0;
  int giving_back_ = 0;
  bool is_told_held_ = false;
  bool keeps_belief_ = false;  // a mutant
};

}  // namespace exclusive_lock::sim
