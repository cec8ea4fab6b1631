#pragma once
// Tasks of one lock object, one after the other, in the order in which they were posted.
//
// A thread that posts to an idle strand runs the task at once; one that posts to a busy strand
// leaves the task to the thread that runs it. So a call whose store answers inline costs no thread
// switch, no lock is held while a task runs, and a task may post (it runs after the current one).
// (A mutex around each step would be held during calls into stores, which may answer inline and
// come back.)

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace exclusive_lock {

class Strand {
 public:
  // Any thread. Returns when the task has run, or was left to the thread that runs this strand now;
  // only then is it put in a std::function, which may allocate.
  template <class Task>
  void post(Task&& task) {
    {
      const std::lock_guard guard(mutex_);
      if (running_) {
        if (!left_)
          left_ = std::make_unique<Left>();
        left_->tasks.emplace_back(std::forward<Task>(task));
        return;
      }
      running_ = true;
    }
    // Out of memory: the caller gets the first exception, after the tasks that were left here, for
    // no other thread would run them.
    std::exception_ptr first;
    run(task, first);
    while (const auto next = take())
      run(next, first);
    if (first)
      std::rethrow_exception(first);
  }

 private:
  template <class Task>
  static void run(Task& task, std::exception_ptr& first) {
    try {
      task();
    } catch (...) {
      if (!first)
        first = std::current_exception();
    }
  }

  std::function<void()> take() {
    const std::lock_guard guard(mutex_);
    if (left_ && left_->first < left_->tasks.size())
      return std::move(left_->tasks[left_->first++]);
    // A hundred thousand idle strands must not each keep what one busy moment needed.
    left_ = nullptr;
    running_ = false;
    return nullptr;
  }

  struct Left {
    std::vector<std::function<void()>> tasks;  // those before `first` have run
    std::size_t first = 0;
  };

  std::mutex mutex_;
  std::unique_ptr<Left> left_;  // to the thread that runs this strand; null: nothing
  bool running_ = false;
};

}  // namespace exclusive_lock
