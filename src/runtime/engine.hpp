#pragma once
// What a Connection is inside: one store, and what all locks on it share.
//
// Threads: one for timers, one for event handlers, one for stopping lost tokens (whose callbacks
// are user code too, and must not wait for a slow handler), one for a store that blocks
// (store_thread.hpp), and those of the store. The destructor joins all of them; requests without a
// reply then fail with errc::connection_closed.

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/shared_text.hpp"
#include "core/store_clock_watch.hpp"
#include "os/process.hpp"
#include "runtime/background_log.hpp"
#include "runtime/environment.hpp"
#include "runtime/push_router.hpp"
#include "runtime/refresher.hpp"
#include "runtime/releaser.hpp"
#include "runtime/scheduler.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

struct EngineOptions {
  Milliseconds command_timeout;
  std::shared_ptr<spdlog::logger> log;      // null: silent
  std::shared_ptr<LogWriter> log_writer{};  // null: one of its own
};

class Engine {
 public:
  Engine(std::shared_ptr<Store> store, EngineOptions options, EngineEnvironment environment);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Store& store() noexcept { return *store_; }
  [[nodiscard]] const ClockSource& clock() const noexcept { return *environment_.clock; }
  [[nodiscard]] RandomSource& random() noexcept { return *environment_.random; }
  [[nodiscard]] Scheduler& scheduler() noexcept { return scheduler_; }
  [[nodiscard]] Refresher& refresher() noexcept { return refresher_; }
  [[nodiscard]] Releaser& releaser() noexcept { return releaser_; }
  [[nodiscard]] PushRouter& pushes() noexcept { return pushes_; }
  [[nodiscard]] Notifier& events() noexcept { return *environment_.events; }
  [[nodiscard]] Notifier& losses() noexcept { return *environment_.losses; }
  [[nodiscard]] Milliseconds command_timeout() const noexcept { return options_.command_timeout; }

  // False in a child after fork(), where threads, sockets and locks of this object belong to the
  // parent.
  [[nodiscard]] bool is_in_its_process() const noexcept { return process_.is_of_this_process(); }

  // The same text, shared with the text of the last call if both are equal: the locks of one
  // process mostly write the same into their records.
  [[nodiscard]] SharedText in_common(std::string text);

  // What a lock logs to: `log`, but without waiting for it. Null for null.
  [[nodiscard]] std::shared_ptr<BackgroundLog> in_background(std::shared_ptr<spdlog::logger> log);

  // A reply that came just now to a request of `requested_at` carried the store's time. Where that
  // says that the store's clock was set or runs faster, every listener is notified. Any thread.
  void store_time_seen(Instant requested_at, StoreTime store_time);
  class ClockListener {
   public:
    virtual ~ClockListener() = default;
    virtual void store_clock_stepped(std::chrono::microseconds step) = 0;
    // The store's clock runs faster than before: drift() has grown.
    virtual void store_clock_drifts() = 0;

   private:
    friend class Engine;
    std::size_t place_ = 0;  // in listeners_, guarded by the same mutex
  };
  // How much faster than ours the store's clock may run, by what was seen of late.
  [[nodiscard]] Drift drift() const noexcept { return drift_; }
  void subscribe(const std::shared_ptr<ClockListener>& listener);  // once; which it does not own
  void unsubscribe(ClockListener& listener);                       // once, after that

 private:
  void log_step(const StoreClockWatch::Step& step) const;
  void log_drift(Drift before, Drift drift) const;

  const EngineEnvironment environment_;
  const ProcessMark process_;
  EngineOptions options_;
  std::shared_ptr<BackgroundLog> log_;
  std::shared_ptr<Store> store_;
  Refresher refresher_;
  Scheduler scheduler_;
  Releaser releaser_;
  PushRouter pushes_;

  std::mutex text_mutex_;
  SharedText last_text_{""};
  std::shared_ptr<BackgroundLog> last_log_;  // shared by locks that log to the same one

  std::mutex clock_watch_mutex_;
  StoreClockWatch clock_watch_;
  std::atomic<Drift> drift_{usual_drift};                // the watch's
  std::vector<std::weak_ptr<ClockListener>> listeners_;  // each at its place
};

std::shared_ptr<Engine> make_engine(std::shared_ptr<Store> store, EngineOptions options);

}  // namespace exclusive_lock
