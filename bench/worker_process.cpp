#include "worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "system_call.hpp"

namespace exclusive_lock::bench {
namespace {

std::array<int, 2> new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno("pipe");
  }
  return ends;
}

}  // namespace

WorkerProcess::WorkerProcess(const std::filesystem::path& program,
                             std::vector<std::string> arguments, int descriptor) {
  const auto to_it = new_pipe();
  const auto from_it = new_pipe();
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to_it[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from_it[1], STDOUT_FILENO);
  if (descriptor >= 0) {
    ::posix_spawn_file_actions_adddup2(&actions, descriptor, given_descriptor);
  }
  const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to_it[0]);
  ::close(from_it[1]);
  input_ = to_it[1];
  output_ = from_it[0];
  if (failed != 0) {
    pid_ = 0;
    ::close(input_);
    ::close(output_);
    throw std::system_error(failed, std::generic_category(), "cannot start " + program.string());
  }
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    ::close(input_);
    ::close(output_);
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      read_(std::move(other.read_)) {}

void WorkerProcess::tell(std::string_view line) {
  const std::string bytes = std::string(line) + "\n";
  if (::write(input_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw_errno("a worker of the benchmark has ended");
  }
}

std::string WorkerProcess::line(Instant deadline) {
  for (;;) {
    const auto end = read_.find('\n');
    if (end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now()).count();
    pollfd watched{.fd = output_, .events = POLLIN, .revents = 0};
    const int ready =
        ::poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000)));
    if (ready == 0 && left <= 0) {
      throw std::runtime_error("a worker of the benchmark did not answer in time");
    }
    if (ready <= 0) {
      continue;
    }
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(output_, bytes.data(), bytes.size());
    if (size == 0) {
      throw std::runtime_error("a worker of the benchmark has ended");
    }
    if (size > 0) {
      read_.append(bytes.data(), static_cast<std::size_t>(size));
    }
  }
}

void WorkerProcess::expect(std::string_view wanted, Instant deadline) {
  const std::string got = line(deadline);
  if (got != wanted) {
    throw std::runtime_error("a worker of the benchmark said: " + got);
  }
}

}  // namespace exclusive_lock::bench
