#pragma once
// What the command says to people: on stderr, a line at a time, never on stdout.
//
// One line may be a status, drawn over again and again on a terminal; whatever else is said first
// wipes it away. Threads: any.

#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "cli/output/terminal.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock::cli {

class TalkSink;

class Talk {
 public:
  explicit Talk(Terminal terminal) : terminal_(terminal) {}

  [[nodiscard]] const Terminal& terminal() const { return terminal_; }

  // "exclusive-lock: <text>". The text is one line; what comes from elsewhere must have been made
  // printable.
  void say(std::string_view text);
  // The text as it is, lines and all.
  void write(std::string_view text);

  // Only where the terminal can redraw; cut to its width. Not after a stop was requested, so that
  // one who requests it and then clears the status is not overtaken.
  void show_status(std::string_view text, const std::stop_token& stop);
  void clear_status();

 private:
  void wipe_status();  // with mutex_ held

  std::mutex mutex_;
  Terminal terminal_;
  bool status_shown_ = false;
};

// The library's log on `talk`, which must outlive it: warnings and errors, with `verbose` also what
// it did.
class ConnectionLog {
 public:
  ConnectionLog(Talk& talk, bool verbose);

  [[nodiscard]] const std::shared_ptr<spdlog::logger>& logger() const { return logger_; }
  // Until then, everything is held back: where no connection comes about, the error says it all.
  // With `verbose` nothing is.
  void connected();

 private:
  std::shared_ptr<TalkSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace exclusive_lock::cli
