#include "cli/guardian.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>

#include "cli/system_call.hpp"

namespace exclusive_lock::cli {
namespace {

// Closes everything but two descriptors.
void keep_only(int one, int other) noexcept {
  const unsigned low = static_cast<unsigned>(std::min(one, other));
  const unsigned high = static_cast<unsigned>(std::max(one, other));
  if (low > 0) {
    ::close_range(0, low - 1, 0);
  }
  if (high > low + 1) {
    ::close_range(low + 1, high - 1, 0);
  }
  ::close_range(high + 1, ~0U, 0);
}

}  // namespace

Guardian::Guardian() {
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "mmap");
  }
  shared_ = new (memory) Shared;
  std::array<int, 2> ends{};
  checked(::pipe2(ends.data(), O_CLOEXEC), "pipe");
  const FileDescriptor parent_end(ends[0]);
  lifeline_ = FileDescriptor(ends[1]);
  pid_ = checked(::fork(), "fork");
  if (pid_ == 0) {
    lifeline_.close();
    keep_watch(parent_end.number());
  }
}

Guardian::~Guardian() {
  dismiss();
  ::waitpid(pid_, nullptr, 0);
  ::munmap(shared_, sizeof(Shared));
}

void Guardian::guard(pid_t group) noexcept { shared_->group = group; }

void Guardian::dismiss() noexcept {
  shared_->group = 0;
  kill_at(std::nullopt);
  ::kill(pid_, SIGKILL);  // somebody may have stopped it, so it is not asked
}

bool Guardian::is_alive() const noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

bool Guardian::has_killed() const noexcept { return shared_->has_killed; }

void Guardian::kill_group() noexcept {
  const pid_t group = shared_->group;
  if (group > 0) {
    shared_->has_killed = true;
    ::kill(-group, SIGKILL);
  }
}

void Guardian::keep_watch(int parent_end) noexcept {
  ::setsid();
  ::prctl(PR_SET_NAME, "lock-guardian");
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  keep_only(parent_end, timer_.descriptor());
  std::array<pollfd, 2> events{pollfd{.fd = parent_end, .events = POLLIN, .revents = 0},
                               pollfd{.fd = timer_.descriptor(), .events = POLLIN, .revents = 0}};
  for (;;) {
    if (::poll(events.data(), events.size(), -1) < 0) {
      continue;  // interrupted by SIGSTOP and SIGCONT
    }
    // Where it was pushed ahead in the last moment, it has not run out.
    if (events[1].revents != 0 && timer_.has_run_out()) {
      kill_group();
    }
    if (events[0].revents != 0) {
      kill_group();
      ::_exit(0);
    }
  }
}

}  // namespace exclusive_lock::cli
