#pragma once
// A host that starts the same job as others, now and then, and wants one run per period (G12): as
// run --once-per and once() do it, in callbacks.

#include <functional>
#include <optional>

#include "sim/lock_user.hpp"

namespace exclusive_lock::sim {

class JobHost final : public LockUser {
 public:
  JobHost(Process& process, LockSettings settings);

  void start() override { rest(); }
  [[nodiscard]] LockDriver& lock() override { return lock_; }
  [[nodiscard]] bool is_done() const override { return is_done_ && lock_.is_at_rest(); }

 private:
  enum class Answer { due, recent, unknown };
  void rest();
  void begin();
  void acquire_ended(bool acquired);
  // Asks the store; `then` is not called where another turn has begun meanwhile.
  void look(std::function<void(Answer)> then);
  [[nodiscard]] Answer judge(const InspectReply& seen);
  void close_and_work();
  void work();
  void end_work();
  void let_go();

  [[nodiscard]] World& world() { return process_.world(); }
  [[nodiscard]] Random& random() { return process_.world().random; }
  [[nodiscard]] Milliseconds closed_part() const;  // of the period

  Process& process_;
  const Milliseconds ttl_;
  LockDriver lock_;
  std::uint64_t turn_ = 0;
  bool is_done_ = false;
};

}  // namespace exclusive_lock::sim
