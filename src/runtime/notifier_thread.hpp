#pragma once
// A notifier with a thread of its own. Started at once, so that a process that can have no more
// threads learns it from connect().

#include <functional>
#include <memory>

#include "runtime/notifier.hpp"

namespace exclusive_lock {

class NotifierThread final : public Notifier {
 public:
  NotifierThread();
  // Drops what is queued and waits for the task that runs, unless called from that very task.
  ~NotifierThread() override;
  NotifierThread(const NotifierThread&) = delete;
  NotifierThread& operator=(const NotifierThread&) = delete;

  void post(std::function<void()> task) override;

 private:
  struct Queue;  // outlives the notifier where its last owner is one of its own tasks
  std::shared_ptr<Queue> queue_;
};

}  // namespace exclusive_lock
