#pragma once
// A process of bench/worker.cpp: told what to do by lines on its input, answers by lines on its
// output. It ends when its input does, and with its parent.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::bench {

// Where the worker finds the descriptor that was given to it.
inline constexpr int given_descriptor = 3;

// Calls throw std::runtime_error or std::system_error.
class WorkerProcess {
 public:
  // `descriptor`: -1 for none.
  WorkerProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
                int descriptor = -1);
  ~WorkerProcess();  // kills
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;

  void tell(std::string_view line);
  std::string line(Instant deadline);
  void expect(std::string_view wanted, Instant deadline);

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
  std::string read_;
};

}  // namespace exclusive_lock::bench
