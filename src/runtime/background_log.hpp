#pragma once
// The user's log, for threads that must not wait. A sink may block (a full pipe, a disk that does
// not answer); I/O, timers and refreshes must go on. A line is formatted by the thread that logs
// it, and written by a thread of its own, in order and with the time at which it was logged.
//
// At most `max_lines` wait. Those beyond are dropped, and their number is logged when the sink
// takes lines again. The thread starts with the first line.

#include <spdlog/logger.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "os/process.hpp"

namespace exclusive_lock {

class LogWriter {
 public:
  struct Line {
    std::shared_ptr<spdlog::logger> target;
    spdlog::log_clock::time_point time;
    spdlog::level::level_enum level;
    std::string text;
  };
  static constexpr std::size_t max_lines = 8192;
  // How long the destructor waits for what is to be written. A sink that blocks for longer keeps
  // the thread, which then ends by itself.
  static constexpr std::chrono::milliseconds max_wait{500};

  LogWriter();
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Any thread, without waiting.
  void write(Line line) noexcept;

 private:
  struct Queue;  // outlives the writer where its thread has to be left behind
  const ProcessMark process_;
  std::shared_ptr<Queue> queue_;
};

// What the library logs to in place of `target`.
class BackgroundLog final : public spdlog::logger {
 public:
  BackgroundLog(std::shared_ptr<spdlog::logger> target, std::shared_ptr<LogWriter> writer);

  // In place of should_log(): the target's level, which may change at any time, is what counts.
  [[nodiscard]] bool logs(spdlog::level::level_enum level) const noexcept {
    return target_->should_log(level);
  }
  [[nodiscard]] const std::shared_ptr<spdlog::logger>& target() const noexcept { return target_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  const std::shared_ptr<spdlog::logger> target_;
  const std::shared_ptr<LogWriter> writer_;
};

// Null for null.
std::shared_ptr<BackgroundLog> in_background(std::shared_ptr<spdlog::logger> target,
                                             const std::shared_ptr<LogWriter>& writer);

}  // namespace exclusive_lock
