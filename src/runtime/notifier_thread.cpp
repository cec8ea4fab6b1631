#include "runtime/notifier_thread.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace exclusive_lock {

struct NotifierThread::Queue {
  std::mutex mutex;
  std::condition_variable posted;
  std::deque<std::function<void()>> tasks;
  bool stopped = false;
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      posted.wait(lock, [this] { return stopped || !tasks.empty(); });
      if (stopped)
        return;
      auto next = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      next();
      next = nullptr;  // what it owned goes before the mutex is taken again
      lock.lock();
    }
  }
};

NotifierThread::NotifierThread() : queue_(std::make_shared<Queue>()) {
  queue_->thread = std::thread([queue = queue_] { queue->run(); });
}

NotifierThread::~NotifierThread() {
  std::thread thread;
  std::deque<std::function<void()>> dropped;  // destroyed outside of the mutex
  {
    const std::lock_guard guard(queue_->mutex);
    queue_->stopped = true;
    dropped.swap(queue_->tasks);
    thread.swap(queue_->thread);
  }
  queue_->posted.notify_all();
  if (!thread.joinable())
    return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

void NotifierThread::post(std::function<void()> task) {
  const std::lock_guard guard(queue_->mutex);
  if (queue_->stopped)
    return;
  queue_->tasks.push_back(std::move(task));
  queue_->posted.notify_one();
}

}  // namespace exclusive_lock
