#pragma once
// Tasks of one lock object, one after the other, in the order in which they were posted.
//
// Whoever posts to an idle strand runs the task at once, on its own thread; whoever posts to a busy
// one leaves the task to the thread that is at it. So a call whose store answers inline costs no
// thread switch, no lock is held while a task runs, and a task may post (it runs after the current
// one). (A mutex around each step would be held during calls into stores, which may answer inline
// and come back.)

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace exclusive_lock {

class Strand {
 public:
  // Any thread. Returns when the task has run, or was left to the thread that runs this strand now.
  void post(std::function<void()> task) {
    {
      const std::lock_guard guard(mutex_);
      tasks_.push_back(std::move(task));
      if (std::exchange(running_, true))
        return;
    }
    try {
      while (auto next = take())
        next();
    } catch (...) {  // out of memory: the caller learns it, and the next task runs all the same
      const std::lock_guard guard(mutex_);
      running_ = false;
      throw;
    }
  }

 private:
  std::function<void()> take() {
    const std::lock_guard guard(mutex_);
    if (tasks_.empty()) {
      running_ = false;
      return nullptr;
    }
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool running_ = false;
};

}  // namespace exclusive_lock
