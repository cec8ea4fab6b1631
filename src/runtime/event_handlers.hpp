#pragma once
// The event handlers of one lock object. None of them runs after the lock's destructor.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "exclusive_lock/events.hpp"
#include "runtime/environment.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock {

class EventHandlers : public std::enable_shared_from_this<EventHandlers> {
 public:
  // So many events wait at most; those beyond are dropped, counted and logged, but for losses. A
  // "refreshed" that waits is brought up to date by the next one.
  static constexpr std::size_t max_waiting = 100;

  // A null `log` is silent.
  EventHandlers(Notifier& notifier, std::shared_ptr<spdlog::logger> log);

  // Any thread. Replaces the handler for this kind of event.
  template <class Event>
  void set(std::function<void(const Event&)> handler) {
    Handler<Event> replaced;  // goes without the mutex: it may own a lock, and so this
    if (handler)
      replaced = std::make_shared<const std::function<void(const Event&)>>(std::move(handler));
    const std::lock_guard guard(mutex_);
    auto& kind = std::get<Kind<Event>>(kinds_);
    kind.is_set = replaced != nullptr;
    kind.handler.swap(replaced);
  }

  // Any thread, without waiting: whether such an event has to be made at all.
  template <class Event>
  [[nodiscard]] bool has_handler() const noexcept {
    return std::get<Kind<Event>>(kinds_).is_set;
  }

  // Any thread. Runs the handler, if one is set now, on the notifier's thread.
  template <class Event>
  void notify(Event event) {
    Handler<Event> handler;  // goes without the mutex
    const std::lock_guard guard(mutex_);
    handler = std::get<Kind<Event>>(kinds_).handler;
    if (!handler || closed_)
      return;
    if constexpr (std::is_same_v<Event, RefreshedEvent>) {
      if (waiting_refreshed_) {
        *waiting_refreshed_ = std::move(event);
        return;
      }
    }
    if (!std::is_same_v<Event, LostEvent> && waiting_ >= max_waiting)
      return drop(event.key);
    post(handler, std::make_shared<Event>(std::move(event)));
  }

  // No handler starts any more; waits for the one that runs, unless called from that one.
  void close();

 private:
  template <class Event>
  using Handler = std::shared_ptr<const std::function<void(const Event&)>>;
  template <class Event>
  struct Kind {
    Handler<Event> handler;
    std::atomic<bool> is_set{false};
  };

  // With the mutex.
  template <class Event>
  void post(const Handler<Event>& handler, const std::shared_ptr<Event>& event) {
    notifier_.post([self = shared_from_this(), handler, event] {
      if (self->begin(event.get(), event->key))
        self->run([&] { (*handler)(*event); });
    });
    ++waiting_;
    // Only the last one that waits may still change: events keep their order.
    if constexpr (std::is_same_v<Event, RefreshedEvent>) {
      waiting_refreshed_ = event;
    } else {
      waiting_refreshed_ = nullptr;
    }
  }
  void drop(const std::string& key);
  // The event does not wait any more. False: nothing is to be run.
  [[nodiscard]] bool begin(const void* event, const std::string& key);
  void run(const std::function<void()>& call);

  Notifier& notifier_;
  std::shared_ptr<spdlog::logger> log_;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool closed_ = false;
  std::thread::id runs_on_;
  std::size_t waiting_ = 0;
  std::size_t dropped_ = 0;  // since one was run
  std::shared_ptr<RefreshedEvent> waiting_refreshed_;
  std::tuple<Kind<WaitingEvent>, Kind<AcquiredEvent>, Kind<RefreshedEvent>, Kind<ReleasedEvent>,
             Kind<LostEvent>, Kind<ErrorEvent>>
      kinds_;
};

// The same for a lock object that may never have a handler, as most of a hundred thousand locks:
// they are made with the first one.
class LazyEventHandlers {
 public:
  // Any thread.
  [[nodiscard]] EventHandlers& get(Notifier& notifier, std::shared_ptr<spdlog::logger> log) {
    std::call_once(once_, [&] {
      handlers_ = std::make_shared<EventHandlers>(notifier, std::move(log));
      made_ = handlers_.get();
    });
    return *handlers_;
  }
  // Any thread. Null: there are none.
  [[nodiscard]] EventHandlers* if_made() const noexcept { return made_; }

 private:
  std::once_flag once_;
  std::shared_ptr<EventHandlers> handlers_;
  std::atomic<EventHandlers*> made_{nullptr};
};

}  // namespace exclusive_lock
