#pragma once
// A write beyond the limit on file sizes (`ulimit -f`) sends SIGXFSZ, which ends the process unless
// it is blocked or ignored; then the write fails with EFBIG, which is store_full. What a program
// does about that signal is its own affair, so it is held back while this library writes to the
// store, and taken away again: on the calling thread, which is where the kernel sends it. Where
// there is no such limit nothing is done.

#include <sys/resource.h>

#include <csignal>
#include <ctime>

namespace exclusive_lock {

class HoldBackFileSizeSignal {
 public:
  HoldBackFileSizeSignal() {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
      return;
    }
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGXFSZ) == 1;
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    is_on_ = ::pthread_sigmask(SIG_BLOCK, &signal_, &before_) == 0;
  }
  ~HoldBackFileSizeSignal() {
    if (!is_on_) {
      return;
    }
    const struct timespec at_once {};
    while (!was_pending_ && ::sigtimedwait(&signal_, nullptr, &at_once) == SIGXFSZ) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  HoldBackFileSizeSignal(const HoldBackFileSizeSignal&) = delete;
  HoldBackFileSizeSignal& operator=(const HoldBackFileSizeSignal&) = delete;

 private:
  bool is_on_ = false;
  bool was_pending_ = false;
  sigset_t signal_{};
  sigset_t before_{};
};

}  // namespace exclusive_lock
