#include "stores/redis/loop_ownership.hpp"

#include <condition_variable>
#include <utility>

namespace exclusive_lock::redis {

struct LoopOwnership::Caller {
  std::condition_variable changed;
  bool has_ended = false;  // its wait
};

class LoopOwnership::Stay {
 public:
  Stay(LoopOwnership& ownership, Caller& caller, Awaited& end)
      : ownership_(ownership), caller_(caller), end_(end) {
    ownership_.join(caller_);
    end_.on_end([&ownership, &caller] { ownership.end_came(caller); });
  }
  ~Stay() {
    end_.on_end(nullptr);
    ownership_.leave(caller_);
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

 private:
  LoopOwnership& ownership_;
  Caller& caller_;
  Awaited& end_;
};

void LoopOwnership::post(std::function<void()> task) {
  const std::lock_guard guard(mutex_);
  tasks_.push_back(std::move(task));
  if (owner_ != Owner::none) {
    wake_waiting_owner();
  } else if (tasks_.size() == 1) {  // else it is awake
    loop_.wake_io_thread();
  }
}

// --- callers ---

void LoopOwnership::wait(const std::function<void()>& begin, Awaited& end) {
  Caller caller;
  const Stay stay(*this, caller, end);
  begin();
  lead_or_wait(caller);
}

// A leader owns the loop before it begins, so what it posts wakes no other thread.
void LoopOwnership::join(Caller& caller) {
  const std::lock_guard guard(mutex_);
  if (++callers_ > 1) {
    return;
  }
  if (owner_ == Owner::none && !is_due()) {
    make_leader(caller);
  } else {
    next_leader_ = &caller;
  }
}

void LoopOwnership::make_leader(Caller& caller) {
  owner_ = Owner::leader;
  leader_ = &caller;
  is_stopped_ = false;
  loop_.watch(false);
  caller.changed.notify_one();
}

void LoopOwnership::lead_or_wait(Caller& caller) {
  Lock lock(mutex_);
  while (!caller.has_ended) {
    if (leader_ != &caller) {
      caller.changed.wait(lock);
    } else if (is_finishing_) {
      give_up_lead(lock, caller);
    } else {
      lock.unlock();
      loop_.run();
      lock.lock();
    }
  }
}

void LoopOwnership::end_came(Caller& caller) {
  const std::lock_guard guard(mutex_);
  caller.has_ended = true;
  if (leader_ == &caller) {
    stop();
  }
  caller.changed.notify_one();  // under the mutex: the caller is gone as soon as it knows
}

void LoopOwnership::leave(Caller& caller) {
  Lock lock(mutex_);
  --callers_;
  if (next_leader_ == &caller) {
    next_leader_ = nullptr;
  }
  give_up_lead(lock, caller);
}

// What was posted is done first: that costs less than to wake the I/O thread for it.
void LoopOwnership::give_up_lead(Lock& lock, Caller& caller) {
  if (leader_ != &caller) {
    return;
  }
  lock.unlock();
  loop_.run_posted();
  lock.lock();
  leader_ = nullptr;
  leave_without_owner();
  if (is_due()) {
    loop_.wake_io_thread();
  }
}

// --- the I/O thread ---

void LoopOwnership::serve() {
  Lock lock(mutex_);
  while (!is_over_) {
    if (owner_ == Owner::none && is_due()) {
      run_on_io_thread(lock);
      continue;
    }
    // While a leader has the loop, what woke this thread may go on; the leader wakes it then.
    const bool for_events = !has_events_;
    lock.unlock();
    loop_.sleep(for_events);
    lock.lock();
    has_events_ = true;
  }
}

void LoopOwnership::run_on_io_thread(Lock& lock) {
  owner_ = Owner::io_thread;
  is_stopped_ = false;
  has_events_ = false;
  const bool keeps_it = keep_alive_ > 0 || is_finishing_;
  lock.unlock();
  keeps_it ? loop_.run() : loop_.run_ready();
  lock.lock();
  is_over_ = keeps_it && !is_stopped_;
  has_events_ = keeps_it;  // something may be ready still
  if (next_leader_ != nullptr && keep_alive_ == 0 && !is_finishing_) {
    make_leader(*std::exchange(next_leader_, nullptr));
  } else {
    leave_without_owner();
  }
}

// --- both ---

void LoopOwnership::leave_without_owner() {
  owner_ = Owner::none;
  if (!is_due()) {
    loop_.watch(true);
  }
}

// Whether the I/O thread has something to do where the loop has no owner.
bool LoopOwnership::is_due() const {
  return has_events_ || !tasks_.empty() || keep_alive_ > 0 || is_finishing_;
}

void LoopOwnership::begin_keep_alive() {
  const std::lock_guard guard(mutex_);
  ++keep_alive_;
}

void LoopOwnership::end_keep_alive() {
  const std::lock_guard guard(mutex_);
  if (--keep_alive_ == 0 && owner_ == Owner::io_thread && !is_finishing_) {
    stop();
  }
}

void LoopOwnership::finish() {
  const std::lock_guard guard(mutex_);
  is_finishing_ = true;
  if (leader_ != nullptr) {
    stop();
  }
  wake_waiting_owner();
  loop_.wake_io_thread();
}

void LoopOwnership::stop() {
  is_stopped_ = true;
  wake_waiting_owner();
}

void LoopOwnership::take_tasks(Tasks& into) {
  const std::lock_guard guard(mutex_);
  into.swap(tasks_);
}

bool LoopOwnership::begin_waiting() {
  const std::lock_guard guard(mutex_);
  is_waiting_ = tasks_.empty() && !is_stopped_;
  return is_waiting_;
}

void LoopOwnership::end_waiting() {
  const std::lock_guard guard(mutex_);
  is_waiting_ = false;
}

void LoopOwnership::wake_waiting_owner() {
  if (std::exchange(is_waiting_, false)) {  // once is enough
    loop_.wake_owner();
  }
}

}  // namespace exclusive_lock::redis
