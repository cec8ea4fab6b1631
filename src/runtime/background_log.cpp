#include "runtime/background_log.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "os/quiet_thread.hpp"

namespace exclusive_lock {

struct LogWriter::Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Line> lines;
  std::size_t dropped = 0;
  std::shared_ptr<spdlog::logger> dropped_of;  // the target of the first one
  bool is_closed = false;
  bool has_ended = false;
  std::thread thread;

  // With the mutex, as all that follow but run().
  void add(Line line) {
    if (lines.size() >= max_lines) {
      drop(std::move(line.target));
      return;
    }
    report_dropped(line.time);
    lines.push_back(std::move(line));
    changed.notify_all();
  }
  void drop(std::shared_ptr<spdlog::logger> target) noexcept {
    ++dropped;
    if (!dropped_of)
      dropped_of = std::move(target);
  }
  // Behind those that were logged before them.
  void report_dropped(spdlog::log_clock::time_point now) {
    if (!dropped_of)
      return;
    lines.push_back(
        {.target = std::move(dropped_of),
         .time = now,
         .level = spdlog::level::warn,
         .text = std::to_string(dropped) +
                 " lines of this log were dropped: its sink took longer than they came"});
    dropped = 0;
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return is_closed || !lines.empty(); });
      if (lines.empty())
        break;
      Line line = std::move(lines.front());
      lines.pop_front();
      lock.unlock();
      line.target->log(line.time, spdlog::source_loc{}, line.level, line.text);
      line.target = nullptr;  // a sink that goes with it goes without the mutex
      lock.lock();
      if (lines.empty())
        report_dropped(spdlog::log_clock::now());
    }
    has_ended = true;
    changed.notify_all();
  }
};

LogWriter::LogWriter() : queue_(std::make_shared<Queue>()) {}

LogWriter::~LogWriter() {
  std::thread thread;
  bool has_ended = false;
  // In a copy there is no thread, and the mutex may be held by one.
  if (process_.is_of_this_process()) {
    std::unique_lock lock(queue_->mutex);
    queue_->is_closed = true;
    thread.swap(queue_->thread);
    queue_->changed.notify_all();
    if (thread.joinable() && thread.get_id() != std::this_thread::get_id())
      has_ended = queue_->changed.wait_for(lock, max_wait, [this] { return queue_->has_ended; });
  }
  if (has_ended) {
    thread.join();
  } else if (thread.joinable()) {
    thread.detach();
  }
}

void LogWriter::write(Line line) noexcept {
  if (!process_.is_of_this_process())
    return;
  const std::lock_guard guard(queue_->mutex);
  try {
    if (!queue_->thread.joinable())
      queue_->thread = quiet_thread([queue = queue_] { queue->run(); });
    queue_->add(std::move(line));
  } catch (const std::exception&) {  // no memory, or no thread: it is one of those that are missing
    queue_->drop(std::move(line.target));
  }
}

BackgroundLog::BackgroundLog(std::shared_ptr<spdlog::logger> target,
                             std::shared_ptr<LogWriter> writer)
    : spdlog::logger(target->name()), target_(std::move(target)), writer_(std::move(writer)) {
  set_level(spdlog::level::trace);
}

void BackgroundLog::sink_it_(const spdlog::details::log_msg& message) {
  if (logs(message.level))
    writer_->write({.target = target_,
                    .time = message.time,
                    .level = message.level,
                    .text = {message.payload.data(), message.payload.size()}});
}

std::shared_ptr<BackgroundLog> in_background(std::shared_ptr<spdlog::logger> target,
                                             const std::shared_ptr<LogWriter>& writer) {
  return target ? std::make_shared<BackgroundLog>(std::move(target), writer) : nullptr;
}

}  // namespace exclusive_lock
