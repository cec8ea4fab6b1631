#pragma once
// Which thread runs the event loop, its owner, and the tasks that are posted to it.
//
// A call that blocks until a server has answered would cost two thread switches, to the I/O thread
// and back. So a caller that waits, and is the only one, runs the loop itself meanwhile: it is the
// leader (docs/decisions/0012). Where several callers wait, the I/O thread serves all of them.
//
//   owner        event                                               next owner
//   none         a caller starts to wait, the only one               leader
//                a task is posted, a watched socket is ready, or     I/O thread
//                the alarm has come
//   leader       its wait ends                                       none, or I/O thread (is_due)
//   I/O thread   nothing is ready                                    the caller that came meanwhile
//                                                                    as the only one, or none
//   any          keep-alive begins, or finish()                      I/O thread, until it ends
//
// The loop is watched while it has no owner: then the I/O thread sleeps until a socket or a timer
// has something to do. It sleeps outside the loop, so a caller finds the loop free. Keep-alive is
// for what cannot be watched: a lookup, a connect, a full socket.
//
// All functions are for any thread, except those that say otherwise.

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "stores/store.hpp"

namespace exclusive_lock::redis {

class LoopOwnership {
 public:
  using Tasks = std::vector<std::function<void()>>;

  // What the owner runs, and how threads sleep and are woken.
  class Loop {
   public:
    virtual ~Loop() = default;
    // The owner calls these three. The first returns soon after is_stopped(), or when, after
    // finish(), nothing is left to do. The others do not wait.
    virtual void run() = 0;
    virtual void run_ready() = 0;
    virtual void run_posted() = 0;  // without a look at sockets
    // One thread at a time: whether sleep() returns when a socket or a timer has something to do.
    virtual void watch(bool on) = 0;
    // The I/O thread sleeps, without owning the loop, until it is woken or, where `for_events`,
    // there is something to do.
    virtual void sleep(bool for_events) = 0;
    virtual void wake_io_thread() = 0;
    // The owner waits in run(): it is to look again.
    virtual void wake_owner() = 0;
  };

  explicit LoopOwnership(Loop& loop) : loop_(loop) {}

  // Runs `task` on the owner's thread, after those that were posted before.
  void post(std::function<void()> task);
  // Calls `begin` and returns when `end` has come. Not for the owner.
  void wait(const std::function<void()>& begin, Awaited& end);
  // The I/O thread's life: returns when, after finish(), nothing is left to do.
  void serve();
  // There will be no leader any more.
  void finish();
  [[nodiscard]] bool is_finishing() const { return is_finishing_; }

  // For the owner. The I/O thread keeps the loop between these two, which nest.
  void begin_keep_alive();
  void end_keep_alive();

  // For the owner, within run() and the like.
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }
  void take_tasks(Tasks& into);  // `into` is empty
  // False: there is something to do at once. Else post() calls wake_owner() until end_waiting().
  bool begin_waiting();
  void end_waiting();

 private:
  enum class Owner { none, leader, io_thread };
  struct Caller;
  class Stay;
  using Lock = std::unique_lock<std::mutex>;

  void join(Caller& caller);
  void lead_or_wait(Caller& caller);
  void end_came(Caller& caller);
  void leave(Caller& caller);
  void give_up_lead(Lock& lock, Caller& caller);
  void make_leader(Caller& caller);
  void run_on_io_thread(Lock& lock);
  void leave_without_owner();
  [[nodiscard]] bool is_due() const;
  void stop();
  void wake_waiting_owner();

  Loop& loop_;
  std::mutex mutex_;  // guards what follows
  Owner owner_ = Owner::none;
  Tasks tasks_;
  Caller* leader_ = nullptr;
  Caller* next_leader_ = nullptr;  // after the I/O thread
  int callers_ = 0;                // that wait
  int keep_alive_ = 0;
  bool has_events_ = false;  // the I/O thread was woken and has not had the loop since
  bool is_waiting_ = false;  // the owner
  bool is_over_ = false;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_finishing_ = false;
};

}  // namespace exclusive_lock::redis
