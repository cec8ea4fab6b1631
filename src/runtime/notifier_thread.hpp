#pragma once
// A notifier with a thread of its own. Started at once, so that a process that can have no more
// threads learns it from connect().
//
// In order, a task waits for all those before it. Independent ones do not: when one has run for the
// limit given, another thread runs the next. There are as many threads as tasks have blocked
// at one time, and one or two more; where there can be no more, tasks wait as if they were in
// order.

#include <chrono>
#include <functional>
#include <memory>

#include "runtime/environment.hpp"

namespace exclusive_lock {

class NotifierThread final : public Notifier {
 public:
  NotifierThread();                                             // in order
  explicit NotifierThread(std::chrono::milliseconds max_wait);  // independent
  // Drops what is queued and waits for tasks that run, but for one that calls it.
  ~NotifierThread() override;
  NotifierThread(const NotifierThread&) = delete;
  NotifierThread& operator=(const NotifierThread&) = delete;

  void post(std::function<void()> task) override;

 private:
  struct Queue;  // outlives the notifier where its last owner is one of its own tasks
  std::shared_ptr<Queue> queue_;
};

}  // namespace exclusive_lock
