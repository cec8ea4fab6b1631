#pragma once
// The event handlers of one lock object, and the promise that none of them runs after its
// destructor. Made when the first one is set: most of a hundred thousand locks have none.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "exclusive_lock/events.hpp"
#include "runtime/notifier.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock {

class EventHandlers : public std::enable_shared_from_this<EventHandlers> {
 public:
  // A null `log` is silent.
  EventHandlers(Notifier& notifier, std::shared_ptr<spdlog::logger> log);

  // Any thread. Replaces the handler for this kind of event.
  template <class Event>
  void set(std::function<void(const Event&)> handler) {
    const std::lock_guard guard(mutex_);
    std::get<std::function<void(const Event&)>>(handlers_) = std::move(handler);
  }

  // Any thread. Runs the handler, if one is set now, on the notifier's thread.
  template <class Event>
  void tell(Event event) {
    const std::lock_guard guard(mutex_);
    const auto& handler = std::get<std::function<void(const Event&)>>(handlers_);
    if (!handler || closed_)
      return;
    notifier_.post([self = shared_from_this(), handler, event = std::move(event)] {
      self->run([&] { handler(event); });
    });
  }

  // No handler starts any more; waits for the one that runs, unless called from that one.
  void close();

 private:
  void run(const std::function<void()>& call);

  Notifier& notifier_;
  std::shared_ptr<spdlog::logger> log_;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool closed_ = false;
  std::thread::id runs_on_;
  std::tuple<std::function<void(const WaitingEvent&)>, std::function<void(const AcquiredEvent&)>,
             std::function<void(const RefreshedEvent&)>, std::function<void(const ReleasedEvent&)>,
             std::function<void(const LostEvent&)>, std::function<void(const ErrorEvent&)>>
      handlers_;
};

}  // namespace exclusive_lock
