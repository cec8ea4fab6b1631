#pragma once
// Children of a test that were made by a bare fork(), so before anything else has threads, and what
// parent and children see alike.

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace exclusive_lock::conformance {

template <class State>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::runtime_error("no shared memory");
    }
    state_ = new (memory) State();
  }
  ~Shared() { ::munmap(state_, sizeof(State)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  State* operator->() const { return state_; }

 private:
  State* state_;
};

// A child that runs `work` and ends with its result; 99 where it threw. Killed with this object.
class Child {
 public:
  explicit Child(const std::function<int()>& work) : pid_(::fork()) {
    if (pid_ != 0) {
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      ::_exit(work());
    } catch (const std::exception& error) {
      static_cast<void>(
          ::write(STDERR_FILENO, error.what(), std::string_view(error.what()).size()));
      ::_exit(99);
    }
  }
  ~Child() {
    if (pid_ > 0) {
      send(SIGKILL);
      result();
    }
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }
  // Waits for its end: its exit code, or minus the signal that ended it.
  int result() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

}  // namespace exclusive_lock::conformance
