#pragma once
// What was believed, written and done to whom, and when: the evidence of a run.
//
// Everybody writes lines of their own as things happen, in files that outlive a kill -9, each line
// by one pwrite(2) of fixed size; all instants are of world_now(), which all processes of a
// machine share.
//
//   hold requested=N from=N until=N safe=N fence=N end=open|released|lost
//   write order=N at=N decided=N worker=N fence=N accepted=0|1 highest=N
//   failure at=N code=N
//
// A hold's line is written over while it lasts: `until` is the last instant at which the worker saw
// held() == true, and so what is claimed is never more than what was believed.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock::faults {

// CLOCK_BOOTTIME of the kernel, whatever set_clock.cpp shows to the library.
Instant world_now();

enum class HoldEnd {
  open,      // it goes on, or its worker was killed or is stopped
  released,  // by the worker
  lost,      // held() became false
};

struct Hold {
  int worker = 0;
  Instant requested_at{};    // before the call that got it
  Instant believed_from{};   // after that call
  Instant believed_until{};  // the last look at held() that said true
  Instant safe_until{};      // as told at that look
  Fence fence{};
  HoldEnd end = HoldEnd::open;
};

struct Write {
  std::int64_t order = 0;  // of the register, from 1
  Instant asked_at{};      // before the worker went to the register
  Instant decided_at{};    // while nobody else could
  int worker = 0;
  Fence fence{};
  bool is_accepted = false;
  Fence highest{};  // that the register has seen, this one included
};

// What a call of the library told a worker.
struct Failure {
  int worker = 0;
  Instant told_at{};
  std::error_code code{};
};

enum class Data {
  kept,
  lost,  // records or the order of grants may be gone: beliefs may overlap for a bounded time
};

struct Fault {
  std::string name{};
  Instant began_at{};
  Instant ended_at{};
  Data data = Data::kept;
};

struct History {
  std::vector<Hold> holds{};
  std::vector<Write> writes{};  // in the order of the register
  std::vector<Failure> failures{};
  std::vector<Fault> faults{};
};

std::string line_of(const Hold& hold);
std::string line_of(const Write& write);
std::string line_of(const Failure& failure);

// Throws std::runtime_error, with the line, for any other text.
Write write_in(std::string_view line);

// A file of lines of one length, written by one process.
class LineFile {
 public:
  static constexpr std::size_t line_size = 256;  // so that none crosses a page

  explicit LineFile(const std::filesystem::path& path);  // throws std::system_error
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  void put(std::size_t index, const std::string& line) const;
  // How many whole lines there are, and the text of one.
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::string get(std::size_t index) const;
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

// What one worker writes; failures from any thread.
class Diary {
 public:
  explicit Diary(const std::filesystem::path& path) : file_(path), lines_(file_.count()) {}

  void begin(const Hold& hold);
  void note(const Hold& hold) const;  // the state of the hold that begin() told of
  void note(const Failure& failure);

 private:
  LineFile file_;
  std::atomic<std::size_t> lines_;
  std::size_t hold_line_ = 0;
};

// Follows what one worker writes, while it does.
class DiaryReader {
 public:
  DiaryReader(const std::filesystem::path& path, int worker) : file_(path), worker_(worker) {}

  // Reads what is new. Throws std::runtime_error for what is no line of a diary.
  void update();
  [[nodiscard]] std::size_t holds() const noexcept { return holds_; }
  [[nodiscard]] const std::vector<Failure>& failures() const noexcept { return failures_; }
  // As it is just now.
  [[nodiscard]] std::optional<Hold> last_hold() const;

 private:
  LineFile file_;
  int worker_;
  std::size_t lines_ = 0;
  std::size_t holds_ = 0;
  std::size_t last_hold_line_ = 0;
  std::vector<Failure> failures_;
};

// Adds what one worker wrote. Throws std::runtime_error for what is no line of a diary.
void read_diary(const std::filesystem::path& path, int worker, History& into);

// Reads the register's lines.
void read_writes(const std::filesystem::path& path, History& into);

}  // namespace exclusive_lock::faults
