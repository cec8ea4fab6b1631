#pragma once
// Runs the command as a child process of the test.
//
// All functions that wait throw if the condition does not become true within `max_wait`.

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace exclusive_lock::cli_test {

// Much longer than every wait here, even with sanitizers on a busy machine.
inline constexpr std::chrono::seconds max_wait{60};

// Polls until `condition` holds. Throws std::runtime_error that names `what`.
void wait_until(const std::function<bool()>& condition, std::string_view what);

struct Ended {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
  std::string out;
  std::string err;
};

struct Invocation {
  std::vector<std::string> arguments;  // without the program's name
  // Added to this process's environment.
  std::vector<std::pair<std::string, std::string>> variables{};
  std::vector<std::string> without{};  // removed from this process's environment
  std::string input{};
  std::string program{};  // default: the command under test
  // This end of a pty becomes stdin, stdout, stderr and the controlling terminal; -1: none.
  int terminal = -1;
  bool ignores_hangup = false;  // as nohup(1) does
};

class Process {
 public:
  explicit Process(Invocation invocation);
  // Kills the process if it still runs, and its children with it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Sends SIGSTOP, and waits until the process has stopped: until then its other threads continue.
  void stop() const;
  // Waits for the end of the process and of its output.
  Ended wait();
  [[nodiscard]] bool has_ended();
  [[nodiscard]] std::string out();
  [[nodiscard]] std::string err();
  void wait_for_out(std::string_view text);
  void wait_for_err(std::string_view text);

 private:
  struct Stream {
    int descriptor = -1;
    std::string text;
    bool is_over = false;
  };

  void read_streams(const std::stop_token& stop);
  [[nodiscard]] std::string text_of(const Stream& stream);

  pid_t pid_ = -1;
  std::optional<int> status_;
  std::mutex mutex_;
  Stream out_;
  Stream err_;
  std::jthread reader_;
};

Ended run(Invocation invocation);
Ended run(std::vector<std::string> arguments,
          std::vector<std::pair<std::string, std::string>> variables = {});

// The state of a process in /proc; none: it has ended. is_running(): it exists and is not a zombie.
std::optional<char> state_of(pid_t pid);
bool is_running(pid_t pid);
std::string file_text(const std::string& path);
bool exists(const std::string& path);

}  // namespace exclusive_lock::cli_test
