#pragma once
// Children made by clone(2) as such: no pthread_atfork handler runs, and the C library's idea of
// the process is the parent's.

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace exclusive_lock::live {

// What run_in_clone gives where this process may not make such a child.
inline constexpr int not_permitted = 77;

// Runs `body` in such a child with memory of its own and gives back its result, 0 to 99; minus a
// signal that ended it. `flags`: CLONE_NEWPID and the like.
inline int run_in_clone(unsigned long flags, const std::function<int()>& body) {
  const long child = ::syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0)
    ::_exit(body());
  if (child < 0)
    return not_permitted;
  const auto pid = static_cast<pid_t>(child);
  // A call that waits for a thread of the parent never returns.
  const int ends = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd awaited{.fd = ends, .events = POLLIN, .revents = 0};
  constexpr int long_enough_ms = 20'000;
  if (::poll(&awaited, 1, long_enough_ms) != 1)
    ::kill(pid, SIGKILL);
  ::close(ends);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace exclusive_lock::live
