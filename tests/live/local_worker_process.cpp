#include "live/local_worker_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <iostream>
#include <system_error>
#include <utility>

namespace exclusive_lock::live {
namespace {

constexpr uid_t nobody = 65534;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::array<int, 2> new_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno("pipe");
  }
  return ends;
}

void close_once(int& fd) {
  if (fd >= 0) {
    ::close(std::exchange(fd, -1));
  }
}

int run_in_child(const std::function<void()>& body, bool drop_privileges) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) {
    throw_errno("fork");
  }
  if (child == 0) {
    try {
      if (drop_privileges &&
          (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
        throw_errno("setuid");
      }
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::cout.flush();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) {
    throw_errno("waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

LocalWorker::LocalWorker(const std::filesystem::path& directory, std::vector<std::string> arguments,
                         Traced traced) {
  std::array<int, 2> to_it = new_pipe();
  std::array<int, 2> from_it = new_pipe();
  std::string program = LOCAL_WORKER;
  std::string directory_text = directory.string();
  std::vector<char*> argv{program.data(), directory_text.data()};
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) {
    throw_errno("fork");
  }
  if (pid_ == 0) {  // only what is safe after fork in a process that may have threads
    ::dup2(to_it[0], STDIN_FILENO);
    ::dup2(from_it[1], STDOUT_FILENO);
    if (traced == Traced::yes && ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
      ::_exit(125);
    }
    ::execv(program.c_str(), argv.data());
    ::_exit(126);
  }
  ::close(to_it[0]);
  ::close(from_it[1]);
  input_ = to_it[1];
  output_ = from_it[0];
}

LocalWorker::~LocalWorker() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  close_once(input_);
  close_once(output_);
}

std::string LocalWorker::line() {
  while (true) {
    const auto end = read_.find('\n');
    if (end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(output_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return {};
    }
    read_.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

void LocalWorker::let_go() { close_once(input_); }

void LocalWorker::kill(int signal) {
  if (::kill(pid_, signal) != 0) {
    throw_errno("kill");
  }
}

int LocalWorker::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) != pid_) {
    if (errno != EINTR) {
      throw_errno("waitpid");
    }
  }
  pid_ = -1;
  return status;
}

int run_unprivileged(const std::function<void()>& body) {
  return run_in_child(body, ::geteuid() == 0);
}

int run_in_child(const std::function<void()>& body) { return run_in_child(body, false); }

uid_t unprivileged_user() { return ::geteuid() == 0 ? nobody : ::geteuid(); }

}  // namespace exclusive_lock::live
