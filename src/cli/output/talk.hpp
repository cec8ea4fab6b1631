#pragma once
// What the command says to people: on stderr, a line at a time, never on stdout. Where stderr is no
// terminal, each line carries the time: it is going to be read later, in a log.
//
// A stderr that is full (a pipe without a reader, a terminal that was stopped) is waited for by a
// second at most, and not at all while a hold may end (must_not_wait): the command has to be ended
// in time. What did not go is counted, and reported with the next that does.
//
// One line may be a status, drawn over again and again on a terminal; whatever else is said first
// wipes it away. Threads: any.

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

  // "exclusive-lock: <text>", elsewhere than on a terminal "exclusive-lock: <UTC> <text>". The text
  // is one line; what comes from elsewhere must have been made printable.
  void say(std::string_view text);
  // The same for what is no error: not after be_quiet().
  void note(std::string_view text);
  // --quiet. To be called before there are other threads.
  void be_quiet() { is_quiet_ = true; }
  // The text as it is, lines and all.
  void write(std::string_view text);

  // Whether a text that does not go at once is dropped.
  void must_not_wait(bool must_not) { must_not_wait_ = must_not; }

  // Only where the terminal can redraw; cut to its width. Not after a stop was requested, so that
  // one who requests it and then clears the status is not overtaken.
  void show_status(std::string_view text, const std::stop_token& stop);
  void clear_status();

 private:
  // With mutex_ held.
  void wipe_status();
  void emit(std::string_view text);

  std::mutex mutex_;
  Terminal terminal_;
  BoundedWriter writer_;
  std::atomic<bool> must_not_wait_{false};
  std::size_t dropped_ = 0;  // texts that did not go, since one did
  bool is_quiet_ = false;
  bool status_shown_ = false;
};

// The library's log on `talk`, which must outlive it: errors and, as notes, warnings; with
// `verbose` also what it did.
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
