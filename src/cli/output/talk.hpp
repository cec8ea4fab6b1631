#pragma once
// The command's messages to people: on stderr, in whole lines, never on stdout. If stderr is not a
// terminal, each line carries the time, because it will be read in a log.
//
// If stderr is full (a pipe without a reader, a stopped terminal), a message waits for at most a
// second, and not at all while a hold may end (must_not_wait): the command must be ended in time.
// Dropped messages are counted, and the number is reported with the next message.
//
// On a terminal, one line may be a status that is redrawn; every message erases it first. Threads:
// any.

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "cli/output/terminal.hpp"
#include "cli/output/write.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock::cli {

class TalkSink;

class Talk {
 public:
  explicit Talk(Terminal terminal) : terminal_(terminal), writer_(terminal.descriptor()) {}

  [[nodiscard]] const Terminal& terminal() const { return terminal_; }

  // Prints "exclusive-lock: <text>" on a terminal, else "exclusive-lock: <UTC> <text>". The text is
  // one line; parts from elsewhere must have been made printable.
  void say(std::string_view text);
  // The same for messages that are not errors; be_quiet() suppresses them.
  void note(std::string_view text);
  // --quiet. Call it while there is one thread.
  void be_quiet() { is_quiet_ = true; }
  // Prints the text unchanged; it may have several lines.
  void write(std::string_view text);

  // Whether a message that stderr does not take at once is dropped.
  void must_not_wait(bool must_not) { must_not_wait_ = must_not; }

  // Only if the terminal can redraw; the text is cut to its width. Does nothing after a stop was
  // requested, so that no status follows a stop request and clear_status().
  void show_status(std::string_view text, const std::stop_token& stop);
  void clear_status();

 private:
  // Called with mutex_ held.
  void erase_status();
  void emit(std::string_view text);

  std::mutex mutex_;
  Terminal terminal_;
  BoundedWriter writer_;
  std::atomic<bool> must_not_wait_{false};
  std::size_t dropped_ = 0;  // messages dropped since the last one that was written
  bool is_quiet_ = false;
  bool status_shown_ = false;
};

// Writes the library's log to `talk`, which must outlive it: errors as messages, warnings as notes;
// with `verbose` also information.
class ConnectionLog {
 public:
  ConnectionLog(Talk& talk, bool verbose);

  [[nodiscard]] const std::shared_ptr<spdlog::logger>& logger() const { return logger_; }
  // Buffers the log until this call, because the error of a failed connection says the same. With
  // `verbose` nothing is buffered.
  void connected();

 private:
  std::shared_ptr<TalkSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace exclusive_lock::cli
