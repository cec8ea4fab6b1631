#include "cli/descendants.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>

#include "cli/output/terminal.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
namespace {

// How long after the first KILL a process may take to end. A process in uninterruptible I/O does
// not end; a process on a busy machine waits for a core.
constexpr std::chrono::milliseconds time_to_die{5000};
constexpr std::chrono::milliseconds between_kills{2};
// How long to look for further processes if no remaining one may be signalled.
constexpr std::chrono::milliseconds time_to_look{50};
// Deeper descendants are found after their ancestors have ended.
constexpr int max_depth = 500;

// The text of a file; empty if it cannot be read.
std::string text_of(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t size = 1; file.is_open() && size > 0;) {
    size = ::read(file.get(), part.data(), part.size());
    text.append(part.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  return text;
}

struct Status {
  std::string program;
  char state = '?';
  pid_t parent = -1;
  pid_t group = -1;
};

// "pid (program) state ppid pgrp ..."; the program's name may contain any byte, also ')' and blanks
// (proc(5)). None: the process has ended.
std::optional<Status> status_of(pid_t pid) {
  const std::string line = text_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t begin = line.find('(');
  const std::size_t end = line.rfind(')');
  if (begin == std::string::npos || end == std::string::npos) {
    return std::nullopt;
  }
  Status status;
  status.program = line.substr(begin + 1, end - begin - 1);
  std::istringstream(line.substr(end + 1)) >> status.state >> status.parent >> status.group;
  return status;
}

// The kernel lists a child under the thread that made it.
std::vector<pid_t> children_of(pid_t pid) {
  const std::string threads = "/proc/" + std::to_string(pid) + "/task";
  std::vector<pid_t> children;
  std::error_code error;
  for (std::filesystem::directory_iterator thread(threads, error), end; !error && thread != end;
       thread.increment(error)) {
    std::istringstream list(text_of(thread->path().string() + "/children"));
    for (pid_t child = 0; list >> child;) {
      children.push_back(child);
    }
  }
  return children;
}

// False also if /proc belongs to another process namespace: its process ids mean other processes.
bool is_own_proc() {
  std::array<char, 32> target{};
  const ssize_t size = ::readlink("/proc/self", target.data(), target.size());
  return size > 0 &&
         std::string(target.data(), static_cast<std::size_t>(size)) == std::to_string(::getpid());
}

// By system call number: glibc has wrappers only since 2.36.
int open_handle(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
int send_through(int handle, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0));
}

class Walk {
 public:
  Walk(int signal, pid_t group) : signal_(signal), group_(group), self_(::getpid()) {
    is_group_reached_ = group > 0 && ::kill(-group, signal) == 0;
  }

  // Repeats the walk if a process changed its parent meanwhile.
  std::vector<Descendant> run() {
    constexpr int max_rounds = 8;
    misses_some_ = is_own_proc();
    for (int round = 0; misses_some_ && round < max_rounds; ++round) {
      misses_some_ = false;
      reached_before_ = reached_.size();
      for (const pid_t child : children_of(self_)) {
        visit_below(self_, nullptr, child, {});
      }
    }
    return std::move(reached_);
  }

 private:
  // `handle`: null for a child of this process.
  struct Process {
    pid_t pid;
    const Descriptor* handle;
  };
  struct Place {
    int depth = 0;
    bool is_parent_reached_before = false;  // in an earlier round
  };

  int send(const Process& to, int signal) const {
    return to.handle == nullptr ? ::kill(to.pid, signal) : send_through(to.handle->get(), signal);
  }

  void visit(const Process& process, const Status& status, Place place) {
    const std::vector<pid_t> children = children_of(process.pid);
    // The children of a process that ends become children of this one, also while it is read.
    const std::optional<Status> now = status_of(process.pid);
    if ((!now || has_ended(*now)) && ended_.insert(process.pid).second) {
      misses_some_ = true;
    }
    const bool is_reached_before = was_reached_before(process.pid);
    // What a process starts after the signal is its cleaning up: it does not get TERM as well.
    if (!place.is_parent_reached_before || signal_ == SIGKILL) {
      signal_once(process, status);
    }
    for (const pid_t child : children) {
      visit_below(process.pid, process.handle, child,
                  {.depth = place.depth + 1, .is_parent_reached_before = is_reached_before});
    }
  }

  void visit_below(pid_t parent, const Descriptor* parent_handle, pid_t pid, Place place) {
    const Descriptor handle(parent == self_ ? -1 : open_handle(pid));
    const std::optional<Status> status = status_of(pid);
    if (!status) {
      misses_some_ = misses_some_ || ended_.insert(pid).second;
      return;
    }
    if (status->parent == self_) {
      visit({.pid = pid, .handle = nullptr}, *status, {.depth = place.depth});
      return;
    }
    const bool is_parent_unreaped =
        parent_handle == nullptr || send_through(parent_handle->get(), 0) == 0 || errno == EPERM;
    if (!handle.is_open() || status->parent != parent || !is_parent_unreaped ||
        place.depth > max_depth) {
      misses_some_ = true;
      return;
    }
    visit({.pid = pid, .handle = &handle}, *status, place);
  }

  static bool has_ended(const Status& status) { return status.state == 'Z' || status.state == 'X'; }
  auto same_as(pid_t pid) const {
    return [pid](const Descendant& one) { return one.pid == pid; };
  }
  bool was_reached_before(pid_t pid) const {
    const auto end = reached_.begin() + static_cast<std::ptrdiff_t>(reached_before_);
    return std::any_of(reached_.begin(), end, same_as(pid));
  }

  void signal_once(const Process& process, const Status& status) {
    if (has_ended(status) || std::ranges::any_of(reached_, same_as(process.pid))) {
      return;
    }
    // KILL may be sent twice, and its result is needed for each process.
    const bool has_it = is_group_reached_ && status.group == group_ && signal_ != SIGKILL;
    const int error = has_it || send(process, signal_) == 0 ? 0 : errno;
    if (error != ESRCH) {
      reached_.push_back({.pid = process.pid, .program = status.program, .error = error});
    }
  }

  int signal_;
  pid_t group_;
  pid_t self_;
  bool is_group_reached_ = false;
  bool misses_some_ = false;
  std::set<pid_t> ended_;
  std::vector<Descendant> reached_;
  std::size_t reached_before_ = 0;  // of `reached_`, those of earlier rounds
};

}  // namespace

std::vector<Descendant> signal_descendants(int signal, pid_t group) {
  return Walk(signal, group).run();
}

bool reap_children(const std::function<void(const siginfo_t&)>& on_change) {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0) {
      return errno != ECHILD;
    }
    if (info.si_pid == 0) {
      return true;
    }
    on_change(info);
  }
}

int Ending::terminate(pid_t group) {
  const auto signalled = signal_descendants(SIGTERM, group);
  signal_descendants(SIGCONT, group);  // a stopped process handles TERM only after CONT
  const auto refused = std::ranges::find_if(
      signalled, [](const Descendant& one) { return one.error != 0 && one.error != ESRCH; });
  return refused == signalled.end() ? 0 : refused->error;
}

void Ending::kill(Instant now) { killing_since_ = killing_since_.value_or(now); }

bool Ending::step(Instant now, bool has_children, pid_t group) {
  next_step_at_.reset();
  survivors_.clear();
  if (!has_children) {
    return true;
  }
  if (!killing_since_) {
    return false;
  }
  survivors_ = signal_descendants(SIGKILL, group);
  const bool may_not_kill =
      !survivors_.empty() &&
      std::ranges::all_of(survivors_, [](const Descendant& one) { return one.error != 0; });
  if (now >= *killing_since_ + (may_not_kill ? time_to_look : time_to_die)) {
    if (survivors_.empty()) {
      survivors_.push_back({.pid = 0, .program = "", .error = 0});
    }
    return true;
  }
  next_step_at_ = now + between_kills;
  return false;
}

std::string survivors_text(const std::vector<Descendant>& survivors) {
  std::string text;
  for (const Descendant& one : survivors) {
    const std::string who =
        one.pid == 0 ? "a process that /proc does not show"
                     : "process " + std::to_string(one.pid) + " (" + shown(one.program) + ")";
    text += (text.empty() ? "" : "; ") + who + ": " +
            (one.error == 0 ? "does not end" : std::generic_category().message(one.error));
  }
  return text;
}

}  // namespace exclusive_lock::cli
