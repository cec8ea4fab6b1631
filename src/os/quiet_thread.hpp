#pragma once
// Threads of this library that run none of the user's code.

#include <csignal>
#include <thread>
#include <utility>

namespace exclusive_lock {

// The calling thread takes no signals while it lives. A thread starts with the signal mask of the
// one that makes it.
class BlockAllSignals {
 public:
  BlockAllSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockAllSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockAllSignals(const BlockAllSignals&) = delete;
  BlockAllSignals& operator=(const BlockAllSignals&) = delete;

 private:
  sigset_t before_{};
};

// A thread that takes no signals: those of the process are for the program's own threads. Throws
// std::system_error where there can be no more threads.
template <class Run>
std::thread quiet_thread(Run&& run) {
  const BlockAllSignals in_the_new_thread;
  return std::thread(std::forward<Run>(run));
}

}  // namespace exclusive_lock
