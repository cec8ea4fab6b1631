#include "cli/child_process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

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
  const ChildSurroundings& around;
  int error = 0;  // errno of exec, where it failed
};

// In the child, which has the memory of its parent until exec, while the parent's main thread
// stands still: nothing here takes a lock or memory, as another thread may hold either
// (signal-safety(7)). execvpe is not on POSIX's list, but glibc's takes its memory from the stack
// since 2.24.
int become(void* argument) noexcept {
  ExecPlan& plan = *static_cast<ExecPlan*>(argument);
  const pid_t self = ::getpid();
  ::setpgid(0, 0);
  if (plan.around.guardian != nullptr) {
    plan.around.guardian->guard(self);
  }
  if (plan.takes_terminal) {
    ::tcsetpgrp(plan.around.foreground.descriptor(), self);  // SIGTTOU is still blocked
  }
  constexpr int not_run = 127;
  if (plan.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
      return not_run;  // it died before the line above
    }
  }
  plan.around.signals.restore();
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  plan.error = errno;
  return not_run;
}

// As vfork, on a stack of its own: a fork would copy the tables of a process that has touched a few
// hundred pages, and each page that it touches afterwards, for a child that needs none of them.
// -1: there can be none.
pid_t start_sharing_memory(ExecPlan& plan, std::size_t arguments) {
  constexpr std::size_t own_needs = 64 * 1024;  // as posix_spawn: a path, and what calls take
  std::vector<std::max_align_t> stack((own_needs + arguments * sizeof(char*)) /
                                      sizeof(std::max_align_t));
  return ::clone(become, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
}

}  // namespace

std::variant<ChildProcess, NotStarted> ChildProcess::start(const ChildPlan& plan,
                                                           ChildSurroundings around) {
  const auto arguments = pointers_to(plan.arguments);
  const auto environment = pointers_to(plan.environment);
  ExecPlan exec_plan{.arguments = arguments.data(),
                     .environment = environment.data(),
                     .dies_with_parent = plan.dies_with_parent,
                     .takes_terminal = around.foreground.is_to_be_lent_at_once(),
                     .parent = ::getpid(),
                     .around = around};
  const pid_t pid = start_sharing_memory(exec_plan, arguments.size());
  if (pid == -1) {
    return NotStarted{errno};
  }
  const ChildProcess child(pid);
  if (exec_plan.error == 0) {
    return child;
  }
  around.foreground.take_back_from(pid, false);
  if (around.guardian != nullptr) {
    around.guardian->dismiss();
  }
  child.reap();
  return NotStarted{exec_plan.error};
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
