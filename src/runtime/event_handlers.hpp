#pragma once
// The event handlers of one lock object, and the promise that none of them runs after its
// destructor. Made when the first one is set: most of a hundred thousand locks have none.

#include <atomic>
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
    auto& kind = std::get<Kind<Event>>(kinds_);
    kind.is_heard = handler != nullptr;
    kind.handler = std::move(handler);
  }

  // Any thread, without waiting: whether it is worth while to make such an event ready.
  template <class Event>
  [[nodiscard]] bool hears() const noexcept {
    return std::get<Kind<Event>>(kinds_).is_heard;
  }

  // Any thread. Runs the handler, if one is set now, on the notifier's thread.
  template <class Event>
  void tell(Event event) {
    const std::lock_guard guard(mutex_);
    const auto& handler = std::get<Kind<Event>>(kinds_).handler;
    if (!handler || closed_)
      return;
    notifier_.post([self = shared_from_this(), handler, event = std::move(event)] {
      self->run([&] { handler(event); });
    });
  }

  // No handler starts any more; waits for the one that runs, unless called from that one.
  void close();

 private:
  template <class Event>
  struct Kind {
    std::function<void(const Event&)> handler;
    std::atomic<bool> is_heard{false};
  };

  void run(const std::function<void()>& call);

  Notifier& notifier_;
  std::shared_ptr<spdlog::logger> log_;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool closed_ = false;
  std::thread::id runs_on_;
  std::tuple<Kind<WaitingEvent>, Kind<AcquiredEvent>, Kind<RefreshedEvent>, Kind<ReleasedEvent>,
             Kind<LostEvent>, Kind<ErrorEvent>>
      kinds_;
};

}  // namespace exclusive_lock
