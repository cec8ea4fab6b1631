#pragma once
// Another process that uses the embedded store: the executable local_worker (see its source for
// what it can do), or a forked child that runs a function.

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace exclusive_lock::live {

class LocalWorker {
 public:
  enum class Traced { no, yes };
  // `local_worker DIRECTORY ARGUMENTS...`. Throws std::system_error.
  LocalWorker(const std::filesystem::path& directory, std::vector<std::string> arguments,
              Traced traced = Traced::no);
  ~LocalWorker();  // kills it if it still runs
  LocalWorker(const LocalWorker&) = delete;
  LocalWorker& operator=(const LocalWorker&) = delete;

  // The next line that it prints, without its end; empty when it has ended.
  std::string line();
  // It sees the end of its standard input, which lets a worker that waits for that go on.
  void let_go();
  void kill(int signal = SIGKILL);
  // Waits for its end. What waitpid(2) gives; 0 if it has ended well.
  int wait();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Somebody else has waited for it.
  void has_ended() noexcept { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  int input_ = -1;   // what we write and it reads
  int output_ = -1;  // what it writes and we read
  std::string read_;
};

// Runs `body` in a child, as a user without privileges if we are root, and gives back its exit
// code. Expectations that fail in the child are printed and make the code 1. `body` must not rely
// on threads.
int run_unprivileged(const std::function<void()>& body);
// The same without a change of user.
int run_in_child(const std::function<void()>& body);
// The user that run_unprivileged runs as.
uid_t unprivileged_user();

}  // namespace exclusive_lock::live
