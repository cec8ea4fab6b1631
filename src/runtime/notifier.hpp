#pragma once
// A thread on which user code runs, one task after the other. Started at once, so that a process
// that can have no more threads learns it from connect().

#include <functional>
#include <memory>

namespace exclusive_lock {

class Notifier {
 public:
  Notifier();
  // Drops what is queued and waits for the task that runs, unless called from that very task.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Any thread. Tasks must not throw.
  void post(std::function<void()> task);

 private:
  struct Queue;  // outlives the notifier where its last owner is one of its own tasks
  std::shared_ptr<Queue> queue_;
};

}  // namespace exclusive_lock
