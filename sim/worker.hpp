#pragma once
// The user of one lock: tries, waits, gives up, holds, looks, writes to what the lock guards,
// releases; again and again, until it is calm.

#include "sim/lock_user.hpp"
#include "sim/second_caller.hpp"

namespace exclusive_lock::sim {

class Worker final : public LockUser {
 public:
  Worker(Process& process, LockSettings settings);

  void start() override;
  [[nodiscard]] LockDriver& lock() override { return lock_; }
  [[nodiscard]] bool is_done() const override {
    return is_done_ && (!beside_ || beside_->is_done()) && lock_.is_at_rest();
  }

 private:
  void rest();
  void begin();
  void acquire_ended(bool acquired);
  void hold();
  void do_something();
  void write();
  void lost();

  [[nodiscard]] World& world() { return process_.world(); }
  [[nodiscard]] Random& random() { return process_.world().random; }

  Process& process_;
  const Milliseconds ttl_;
  LockDriver lock_;
  std::optional<SecondCaller> beside_;
  enum class Doing { nothing, acquiring, holding, releasing } doing_ = Doing::nothing;
  std::uint64_t turn_ = 0;
  bool is_done_ = false;
};

}  // namespace exclusive_lock::sim
