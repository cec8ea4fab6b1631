#include "cli/output/record_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "cli/duration.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr std::size_t max_contents_bytes = 4096;  // in inspect; longer contents are cut
constexpr std::size_t max_cell_bytes = 256;       // in a table
// Limits, so that one long name does not push the other columns off the screen.
constexpr std::size_t max_name_columns = 40;
constexpr std::size_t max_holder_columns = 60;

// A record's holder, or a waiter: "alice on host-7, process 4711, make (nightly)".
std::string process_text(const auto& one) {
  std::string text = one.user.empty() ? "" : shown(one.user, 64) + " on ";
  text += shown(one.host.empty() ? "unknown host" : one.host, 128) + ", process " +
          std::to_string(one.pid);
  if (!one.program.empty()) {
    text += ", " + shown(one.program, 64);
  }
  if (!one.label.empty()) {
    text += " (" + shown(one.label) + ")";
  }
  return text;
}

// The store's clock may differ from this machine's: an age below 0 counts as 0.
std::string elapsed_text(WallTime since, WallTime now) {
  return duration_text(std::chrono::duration_cast<Milliseconds>(now - since));
}

std::string age_text(const LockRecord& record, WallTime now) {
  return record.since ? elapsed_text(*record.since, now) : "unknown";
}

std::string local_time_text(WallTime instant) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(instant);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &parts);
  return text.data();
}

std::string remaining_text(const LockRecord& record) {
  return record.remaining_ttl ? duration_text(*record.remaining_ttl) : "never expires";
}

std::string contents_text(const LockRecord& record, std::size_t max_bytes) {
  if (record.contents) {
    return shown(record.contents->text(), max_bytes);
  }
  return shown(record.raw, max_bytes) + " (not JSON)";
}

std::string waiters_text(const LockRecord& record, WallTime now) {
  constexpr std::size_t max_lines = 20;
  std::string text;
  for (const LockWaiter& waiter : record.waiters) {
    if (text.empty()) {
      text = row("waiting", std::to_string(record.waiting));
    }
    const std::size_t place = static_cast<std::size_t>(&waiter - record.waiters.data()) + 1;
    if (place > max_lines) {
      text += row("", "and " + std::to_string(record.waiting - max_lines) + " more");
      break;
    }
    text += row("", std::to_string(place) + ". " + process_text(waiter) +
                        (waiter.since ? ", for " + elapsed_text(*waiter.since, now) : ""));
  }
  return text;
}

using Cells = std::vector<std::string>;

Cells cells(const LockRecord& record, WallTime now, bool is_cut) {
  const bool ours = record.kind == RecordKind::ours;
  const auto cut = [is_cut](const std::string& text, std::size_t max) {
    return is_cut ? cut_to(text, max) : text;
  };
  return {cut(shown(record.name, max_cell_bytes), max_name_columns),
          cut(holder_text(record), max_holder_columns),
          age_text(record, now),
          remaining_text(record),
          ours ? std::to_string(record.fence.value) : "-",
          std::to_string(record.waiting),
          contents_text(record, max_cell_bytes)};
}

std::string line_of(const Cells& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) {
      line.append(widths[i] - columns(cells[i]) + 2, ' ');
    }
  }
  return line;
}

}  // namespace

std::string row(std::string_view title, std::string_view value) {
  std::string line = "  " + std::string(title);
  line.resize(12, ' ');
  return line + std::string(value) + "\n";
}

std::string utc_text(WallTime instant) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(instant));
  const auto milliseconds =
      std::chrono::floor<Milliseconds>(instant - std::chrono::floor<std::chrono::seconds>(instant));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> day_and_time{};
  std::strftime(day_and_time.data(), day_and_time.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s.%03dZ", day_and_time.data(),
                static_cast<int>(milliseconds.count()));
  return text.data();
}

std::string holder_text(const LockRecord& record) {
  switch (record.kind) {
    case RecordKind::newer:
      return "a newer version of this program";
    case RecordKind::stranger:
      return "another program";
    case RecordKind::ours:
      break;
  }
  return process_text(record);
}

std::string holder_text(const LastDone& done) { return process_text(done); }

std::string last_done_text(const LastDone& done) {
  return row("last done",
             "by " + holder_text(done) + ", begun " + local_time_text(done.began) + ", took " +
                 duration_text(std::chrono::floor<Milliseconds>(done.ended - done.began)));
}

std::string holder_and_age_text(const LockRecord& record, WallTime now) {
  if (record.closed) {
    return holder_text(record) + ", which has ended; --min-hold keeps it for " +
           remaining_text(record) + " more";
  }
  return holder_text(record) + (record.since ? ", for " + age_text(record, now) : "");
}

std::string inspect_text(const LockRecord& record, WallTime now, const Terminal& terminal) {
  std::string text =
      terminal.bold(shown(record.name, 1024)) + (record.closed ? " is closed\n" : " is held\n");
  text += row("by", holder_text(record));
  if (record.since) {
    text += row("since", local_time_text(*record.since) + ", " + age_text(record, now) + " ago");
  }
  if (record.kind == RecordKind::ours) {
    text += row("ttl", duration_text(record.lock_ttl) + ", " + remaining_text(record) + " left");
    text += row("fence", std::to_string(record.fence.value));
    text += row("owner", shown(record.owner));
    if (!record.command.empty()) {
      text += row("command", shown(record.command));
    }
  } else {
    text += row("ttl left", remaining_text(record));
  }
  if (record.closed) {
    text += row("closed", "its holder has ended; --min-hold keeps it until the ttl is over");
  }
  text += row("contents", contents_text(record, max_contents_bytes));
  text += row("key", shown(record.key, 4096));
  if (record.last_done) {
    text += last_done_text(*record.last_done);
  }
  return text + waiters_text(record, now);
}

std::string list_text(const std::vector<LockRecord>& records, WallTime now,
                      const Terminal& terminal) {
  const Cells head{"NAME", "HELD BY", "FOR", "TTL LEFT", "FENCE", "WAITING", "CONTENTS"};
  std::vector<Cells> rows{head};
  for (const LockRecord& record : records) {
    rows.push_back(cells(record, now, terminal.is_terminal()));
  }
  std::vector<std::size_t> widths(head.size());
  for (const Cells& one : rows) {
    for (std::size_t i = 0; i < one.size(); ++i) {
      widths[i] = std::max(widths[i], columns(one[i]));
    }
  }
  std::string text;
  for (const Cells& one : rows) {
    std::string line = line_of(one, widths);
    if (terminal.is_terminal()) {
      line = cut_to(line, terminal.width());
    }
    text += (text.empty() ? terminal.bold(line) : line) + "\n";
  }
  return text;
}

}  // namespace exclusive_lock::cli
