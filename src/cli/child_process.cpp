#include "cli/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/system_call.hpp"

namespace exclusive_lock::cli {
namespace {

// Pointers for exec, which wants them mutable and ended by a null.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct ExecPlan {
  char* const* arguments;
  char* const* environment;
  bool dies_with_parent;
  bool takes_terminal;
  pid_t parent;
  int report_to;  // closed by a successful exec; otherwise errno is written to it
};

// Between fork and exec of a process with threads: nothing here takes a lock or memory, as another
// thread may have been forked away while it held either (signal-safety(7)). execvpe is not on
// POSIX's list, but glibc's takes its memory from the stack since 2.24.
[[noreturn]] void become(const ExecPlan& plan, const ChildSurroundings& around) noexcept {
  const pid_t self = ::getpid();
  ::setpgid(0, 0);
  if (around.guardian != nullptr) {
    around.guardian->guard(self);
  }
  if (plan.takes_terminal) {
    ::tcsetpgrp(around.foreground.descriptor(), self);  // SIGTTOU is still blocked
  }
  if (plan.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
      ::_exit(127);  // it died before the line above
    }
  }
  around.signals.restore();
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  const int error = errno;
  static_cast<void>(::write(plan.report_to, &error, sizeof error) == 0);
  ::_exit(127);
}

}  // namespace

std::variant<ChildProcess, NotStarted> ChildProcess::start(const ChildPlan& plan,
                                                           ChildSurroundings around) {
  std::array<int, 2> ends{};
  checked(::pipe2(ends.data(), O_CLOEXEC), "pipe");
  const FileDescriptor reports(ends[0]);
  FileDescriptor report_to(ends[1]);
  const auto arguments = pointers_to(plan.arguments);
  const auto environment = pointers_to(plan.environment);
  const ExecPlan exec_plan{.arguments = arguments.data(),
                           .environment = environment.data(),
                           .dies_with_parent = plan.dies_with_parent,
                           .takes_terminal = around.foreground.is_to_be_lent_at_once(),
                           .parent = ::getpid(),
                           .report_to = report_to.number()};
  const pid_t pid = ::fork();
  if (pid == -1) {
    return NotStarted{errno};
  }
  if (pid == 0) {
    become(exec_plan, around);
  }
  // Both sides say it, whoever comes first; after the child's exec this one fails, and need not
  // succeed.
  ::setpgid(pid, pid);
  if (around.guardian != nullptr) {
    around.guardian->guard(pid);
  }
  report_to.close();
  int error = 0;
  ssize_t size = 0;
  do {
    size = ::read(reports.number(), &error, sizeof error);
  } while (size == -1 && errno == EINTR);
  const ChildProcess child(pid);
  if (size != static_cast<ssize_t>(sizeof error)) {
    return child;
  }
  around.foreground.take_back_from(pid, false);
  if (around.guardian != nullptr) {
    around.guardian->dismiss();
  }
  child.reap();
  return NotStarted{error};
}

void ChildProcess::signal(int number) const { ::kill(-pid_, number); }

std::optional<ChildProcess::Change> ChildProcess::next_change() const {
  siginfo_t info{};
  // Stops are taken, an end is only looked at.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid == pid_) {
    if (info.si_code == CLD_EXITED) {
      return Exited{info.si_status};
    }
    return Killed{info.si_status};
  }
  info = {};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG) == 0 &&
      info.si_pid == pid_) {
    return Stopped{info.si_status};
  }
  return std::nullopt;
}

void ChildProcess::reap() const { ::waitpid(pid_, nullptr, 0); }

}  // namespace exclusive_lock::cli
