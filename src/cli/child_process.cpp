#include "cli/child_process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace exclusive_lock::cli {
namespace {

// exec takes pointers to mutable text, with a null pointer at the end.
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
  pid_t parent;
  const ChildContext& context;
  int error = 0;  // errno of exec, if it failed
};

// Runs in the child, which shares the memory of its parent until exec; the parent is suspended. So
// nothing here takes a lock or allocates memory (signal-safety(7)). execvpe is not on POSIX's list,
// but glibc's takes its memory from the stack since 2.24.
int exec_child(void* argument) noexcept {
  ExecPlan& plan = *static_cast<ExecPlan*>(argument);
  ::setpgid(0, 0);
  if (plan.context.takes_terminal) {
    ::tcsetpgrp(plan.context.foreground.descriptor(), ::getpid());  // SIGTTOU is still blocked
  }
  constexpr int not_run = 127;
  if (plan.context.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
      return not_run;  // the parent died before prctl()
    }
  }
  plan.context.signals.restore();
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  plan.error = errno;
  return not_run;
}

// Like vfork, with a separate stack. A fork would copy the page tables of a process that has
// touched a few hundred pages, and then each page that it touches; the child needs none of them.
// -1: clone failed.
pid_t start_sharing_memory(ExecPlan& plan, std::size_t arguments) {
  constexpr std::size_t own_needs = 64 * 1024;  // as posix_spawn: a path and the calls' frames
  std::vector<std::max_align_t> stack((own_needs + arguments * sizeof(char*)) /
                                      sizeof(std::max_align_t));
  return ::clone(exec_child, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
}

}  // namespace

Started start_program(const ChildPlan& plan, const ChildContext& context) {
  const auto arguments = pointers_to(plan.arguments);
  const auto environment = pointers_to(plan.environment);
  ExecPlan exec_plan{.arguments = arguments.data(),
                     .environment = environment.data(),
                     .parent = ::getpid(),
                     .context = context};
  const pid_t pid = start_sharing_memory(exec_plan, arguments.size());
  return {.pid = pid, .error = pid == -1 ? errno : exec_plan.error};
}

}  // namespace exclusive_lock::cli
