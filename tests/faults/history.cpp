#include "faults/history.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace exclusive_lock::faults {
namespace {

std::int64_t number_of(Instant instant) { return instant.time_since_epoch().count(); }
Instant instant_of(std::int64_t nanoseconds) {
  return Instant(std::chrono::nanoseconds(nanoseconds));
}

std::string_view text_of(HoldEnd end) {
  switch (end) {
    case HoldEnd::open:
      return "open";
    case HoldEnd::released:
      return "released";
    case HoldEnd::lost:
      return "lost";
  }
  throw std::logic_error("no such end of a hold");
}

// "word field=value field=value", every field once.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {
    std::istringstream words(text_);
    words >> kind_;
    for (std::string word; words >> word;) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos ||
          !fields_.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
        fail();
      }
    }
  }

  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& word(const char* field) const {
    const auto found = fields_.find(field);
    return found == fields_.end() ? fail() : found->second;
  }
  [[nodiscard]] std::int64_t number(const char* field) const {
    const std::string& text = word(field);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : (fail(), 0);
  }
  [[nodiscard]] Instant instant(const char* field) const { return instant_of(number(field)); }
  [[nodiscard]] Fence fence(const char* field) const {
    return Fence{static_cast<std::uint64_t>(number(field))};
  }
  [[noreturn]] const std::string& fail() const {
    throw std::runtime_error("not a line of a history: '" + text_ + "'");
  }

 private:
  std::string text_;
  std::string kind_;
  std::map<std::string, std::string> fields_;
};

HoldEnd end_in(const Line& line) {
  for (const HoldEnd end : {HoldEnd::open, HoldEnd::released, HoldEnd::lost}) {
    if (line.word("end") == text_of(end)) {
      return end;
    }
  }
  line.fail();
}

Hold hold_in(const Line& line, int worker) {
  return {.worker = worker,
          .requested_at = line.instant("requested"),
          .believed_from = line.instant("from"),
          .believed_until = line.instant("until"),
          .safe_until = line.instant("safe"),
          .fence = line.fence("fence"),
          .end = end_in(line)};
}

Failure failure_in(const Line& line, int worker) {
  if (line.kind() != "failure") {
    line.fail();
  }
  return {.worker = worker,
          .told_at = line.instant("at"),
          .code = {static_cast<int>(line.number("code")), error_category()}};
}

}  // namespace

Instant world_now() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

std::string line_of(const Hold& hold) {
  std::ostringstream line;
  line << "hold requested=" << number_of(hold.requested_at)
       << " from=" << number_of(hold.believed_from) << " until=" << number_of(hold.believed_until)
       << " safe=" << number_of(hold.safe_until) << " fence=" << hold.fence.value
       << " end=" << text_of(hold.end);
  return line.str();
}

std::string line_of(const Write& write) {
  std::ostringstream line;
  line << "write order=" << write.order << " at=" << number_of(write.asked_at)
       << " decided=" << number_of(write.decided_at) << " worker=" << write.worker
       << " fence=" << write.fence.value << " accepted=" << (write.is_accepted ? 1 : 0)
       << " highest=" << write.highest.value;
  return line.str();
}

std::string line_of(const Failure& failure) {
  std::ostringstream line;
  line << "failure at=" << number_of(failure.told_at) << " code=" << failure.code.value();
  return line.str();
}

Write write_in(std::string_view text) {
  const Line line(text);
  if (line.kind() != "write") {
    line.fail();
  }
  return {.order = line.number("order"),
          .asked_at = line.instant("at"),
          .decided_at = line.instant("decided"),
          .worker = static_cast<int>(line.number("worker")),
          .fence = line.fence("fence"),
          .is_accepted = line.number("accepted") != 0,
          .highest = line.fence("highest")};
}

void read_diary(const std::filesystem::path& path, int worker, History& into) {
  const LineFile file(path);
  const std::size_t count = file.count();
  for (std::size_t i = 0; i < count; ++i) {
    const Line line(file.get(i));
    if (line.kind() == "hold") {
      into.holds.push_back(hold_in(line, worker));
    } else {
      into.failures.push_back(failure_in(line, worker));
    }
  }
}

void read_writes(const std::filesystem::path& path, History& into) {
  const LineFile file(path);
  const std::size_t count = file.count();
  for (std::size_t i = 0; i < count; ++i) {
    into.writes.push_back(write_in(file.get(i)));
  }
}

void DiaryReader::update() {
  for (const std::size_t count = file_.count(); lines_ < count; ++lines_) {
    const Line line(file_.get(lines_));
    if (line.kind() == "hold") {
      ++holds_;
      last_hold_line_ = lines_;
    } else {
      failures_.push_back(failure_in(line, worker_));
    }
  }
}

std::optional<Hold> DiaryReader::last_hold() const {
  return holds_ == 0 ? std::nullopt
                     : std::optional(hold_in(Line(file_.get(last_hold_line_)), worker_));
}

LineFile::LineFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
  }
}

LineFile::~LineFile() { ::close(descriptor_); }

void LineFile::put(std::size_t index, const std::string& line) const {
  std::string padded = line;
  padded.resize(line_size - 1, ' ');
  padded += '\n';
  const auto offset = static_cast<off_t>(index * line_size);
  if (line.size() >= line_size || ::pwrite(descriptor_, padded.data(), padded.size(), offset) !=
                                      static_cast<ssize_t>(padded.size())) {
    throw std::system_error(errno, std::generic_category(), "cannot write '" + line + "'");
  }
}

std::size_t LineFile::count() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot look at a file of lines");
  }
  return static_cast<std::size_t>(status.st_size) / line_size;
}

std::string LineFile::get(std::size_t index) const {
  std::string line(line_size, '\0');
  if (::pread(descriptor_, line.data(), line.size(), static_cast<off_t>(index * line_size)) !=
      static_cast<ssize_t>(line.size())) {
    throw std::system_error(errno, std::generic_category(), "cannot read a line");
  }
  return line.substr(0, line.find_last_not_of(" \n") + 1);
}

void Diary::begin(const Hold& hold) {
  hold_line_ = lines_++;
  note(hold);
}

void Diary::note(const Hold& hold) const { file_.put(hold_line_, line_of(hold)); }

void Diary::note(const Failure& failure) { file_.put(lines_++, line_of(failure)); }

}  // namespace exclusive_lock::faults
