#pragma once
// One lock object at work: a LockHandle on its process's engine, with the calls of its user turned
// into callbacks, and what the checkers want to know of it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "runtime/acquire_operation.hpp"
#include "sim/process.hpp"
#include "sim/simulated_handle.hpp"

namespace exclusive_lock::sim {

class LockDriver {
 public:
  // What its user hears, a moment after it happened.
  struct User {
    std::function<void(bool acquired)> acquire_ended;
    std::function<void()> lost;  // the present hold
    std::function<void()> released;
  };
  LockDriver(Process& process, LockSettings settings, User user);
  ~LockDriver();
  LockDriver(const LockDriver&) = delete;
  LockDriver& operator=(const LockDriver&) = delete;

  // As acquire(), and as acquire_until(): no deadline: for ever. One call at a time.
  void try_acquire();
  void acquire_until(std::optional<Instant> deadline);
  // As a stop token.
  void cancel();
  // Of another caller of the same object, beside the user. What it got may be given back
  // (LockHandle::give_back).
  using Operation = std::shared_ptr<AcquireOperation>;
  [[nodiscard]] Operation acquire_beside(const AcquireCall& call,
                                         std::function<void(bool acquired)> ended);
  void give_back(const Operation& operation);
  void cancel_beside(const Operation& operation);
  void release();
  void release_done(Milliseconds keep_for);
  void refresh();
  // As hold_at_least(); `ended`: whether the store has promised it.
  void hold_at_least(Milliseconds time, std::function<void(bool)> ended);
  // As last_done(), and what is beside it. Null: not answered.
  void look(std::function<void(const InspectReply*)> ended);
  // As held(): a look that finds it over ends it.
  [[nodiscard]] bool is_held() { return handle_->is_held(); }
  // Of the present hold, or the last one.
  [[nodiscard]] Fence fence() const { return handle_->hold().fence(); }
  // Of the present hold; none: without a ticket.
  [[nodiscard]] Owner owner() const;
  [[nodiscard]] const std::string& key() const { return handle_->key(); }

  // --- for the checkers ---

  // Nothing is held or asked for.
  [[nodiscard]] bool is_at_rest() const;
  // What is_held() would say now, without being a look. To be called after every event.
  [[nodiscard]] std::optional<ShownHold> shown();
  // In the calm.
  [[nodiscard]] Wanted wanted() const;
  // Whether its user was told of every hold, and of every end of one, as soon as that can be.
  [[nodiscard]] bool is_told_of();
  // Whether no call goes on for longer than it may.
  [[nodiscard]] bool is_in_time();

 private:
  using CallNumber = std::uint64_t;
  void release(std::optional<Milliseconds> done_for);
  void acquire(const AcquireCall& call);
  [[nodiscard]] Operation begin(const AcquireCall& call, std::function<void(bool acquired)> ended);
  // One more call, which must have ended by then; none: no limit.
  CallNumber called(std::optional<Instant> ends_by);
  // When a call that is made now and asks the store once must have ended.
  [[nodiscard]] Instant one_answer() const;
  void hear_events();
  void heard_of_loss(const LostEvent& event);
  [[nodiscard]] bool is_soon_after(Instant when) const;
  template <class Text>
  void say(const Text& text) const {
    process_.world().trace.say(handle_->key(), [&] { return name_ + " " + text(); });
  }

  Process& process_;
  User user_;
  std::shared_ptr<SimulatedHandle> handle_;
  std::string name_;
  Operation operation_;                  // the user's acquire
  std::map<CallNumber, Instant> calls_;  // that have not ended: when they must have
  CallNumber last_call_ = 0;
  struct Hold {
    Owner owner;
    std::stop_token lost;
  };
  std::map<Fence, Hold> holds_;  // that it ever had
  struct Loss {
    std::stop_token token;
    Instant told_at;
  };
  std::vector<Loss> losses_;  // that its user was told of, and whose tokens are not stopped yet
  Fence told_held_;           // the latest hold that its user was told of,
  Fence told_ended_;          // and the latest that the user ended, or was told of the end
  std::optional<Instant> untold_since_;  // there is something to tell
};

}  // namespace exclusive_lock::sim
