#include "cli/output/talk.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <string>
#include <vector>

#include "cli/output/record_text.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";  // to the first column, then erase the line

}  // namespace

class TalkSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  TalkSink(Talk& talk, bool is_buffering) : talk_(talk), is_buffering_(is_buffering) {}

  void write_buffered() {
    const std::lock_guard guard(mutex_);
    is_buffering_ = false;
    for (const std::string& line : buffered_) {
      talk_.note(line);
    }
    buffered_.clear();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string line = std::string(level.data(), level.size()) + ": " +
                             fit_for_terminal({message.payload.data(), message.payload.size()});
    if (is_buffering_) {
      buffered_.push_back(line);
    } else if (message.level >= spdlog::level::err) {
      talk_.say(line);
    } else {
      talk_.note(line);
    }
  }
  void flush_() override {}

  Talk& talk_;
  bool is_buffering_;
  std::vector<std::string> buffered_;
};

void Talk::say(std::string_view text) {
  const std::string time =
      terminal_.is_terminal() ? "" : utc_text(std::chrono::system_clock::now()) + " ";
  write("exclusive-lock: " + time + std::string(text) + "\n");
}

void Talk::note(std::string_view text) {
  if (!is_quiet_) {
    say(text);
  }
}

void Talk::write(std::string_view text) {
  const std::lock_guard guard(mutex_);
  erase_status();
  emit(text);
}

void Talk::emit(std::string_view text) {
  // If one message was dropped, stderr is still full: do not wait for the next ones.
  const auto timeout =
      must_not_wait_ || dropped_ > 0 ? std::chrono::milliseconds(0) : std::chrono::seconds(1);
  const bool is_written =
      dropped_ == 0 || writer_.write("exclusive-lock: " + std::to_string(dropped_) +
                                         " messages were dropped: stderr took no more\n",
                                     timeout);
  if (is_written) {
    dropped_ = 0;
  }
  if (!is_written || !writer_.write(text, timeout)) {
    ++dropped_;
  }
}

void Talk::show_status(std::string_view text, const std::stop_token& stop) {
  const std::lock_guard guard(mutex_);
  if (is_quiet_ || stop.stop_requested() || !terminal_.can_redraw()) {
    return;
  }
  const std::string line = cut_to(text, terminal_.width() - 1);
  emit(std::string(erase_line) + terminal_.faint(line));
  status_shown_ = true;
}

void Talk::clear_status() {
  const std::lock_guard guard(mutex_);
  erase_status();
}

void Talk::erase_status() {
  if (status_shown_ && terminal_.can_redraw()) {
    emit(erase_line);
  }
  status_shown_ = false;
}

ConnectionLog::ConnectionLog(Talk& talk, bool verbose)
    : sink_(std::make_shared<TalkSink>(talk, !verbose)),
      logger_(std::make_shared<spdlog::logger>("exclusive-lock", sink_)) {
  logger_->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
}

void ConnectionLog::connected() { sink_->write_buffered(); }

}  // namespace exclusive_lock::cli
