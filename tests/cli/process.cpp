#include "cli/process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace exclusive_lock::cli_test {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == -1) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  return {.read_end = ends[0], .write_end = ends[1]};
}

bool is_named(const std::string& entry, const std::string& name) {
  return entry.compare(0, name.size() + 1, name + "=") == 0;
}

std::vector<std::string> environment_of(const Invocation& invocation) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool is_replaced =
        std::any_of(invocation.variables.begin(), invocation.variables.end(),
                    [&](const auto& variable) { return is_named(*entry, variable.first); }) ||
        std::any_of(invocation.without.begin(), invocation.without.end(),
                    [&](const std::string& name) { return is_named(*entry, name); });
    if (!is_replaced) {
      entries.emplace_back(*entry);
    }
  }
  for (const auto& [name, value] : invocation.variables) {
    entries.push_back(name + "=" + value);
  }
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

void put_on_terminal(int terminal) {
  ::setsid();
  ::ioctl(terminal, TIOCSCTTY, 0);
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    ::dup2(terminal, descriptor);
  }
}

}  // namespace

void wait_until(const std::function<bool()>& condition, std::string_view what) {
  const auto deadline = std::chrono::steady_clock::now() + max_wait;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("timed out while waiting for " + std::string(what));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Process::Process(Invocation invocation) {
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  const std::string program =
      invocation.program.empty() ? EXCLUSIVE_LOCK_COMMAND : invocation.program;
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), invocation.arguments.begin(), invocation.arguments.end());
  std::vector<std::string> entries = environment_of(invocation);
  const auto argument_pointers = pointers_to(arguments);
  const auto entry_pointers = pointers_to(entries);
  const pid_t tester = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no process behind
    if (::getppid() != tester) {
      ::_exit(99);
    }
    if (invocation.terminal >= 0) {
      put_on_terminal(invocation.terminal);
    } else {
      ::setpgid(0, 0);
      ::dup2(in.read_end, STDIN_FILENO);
      ::dup2(out.write_end, STDOUT_FILENO);
      ::dup2(err.write_end, STDERR_FILENO);
    }
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // descriptors that this process inherited
    if (invocation.ignores_hangup) {
      ::signal(SIGHUP, SIG_IGN);
    }
    ::execve(argument_pointers[0], argument_pointers.data(), entry_pointers.data());
    ::_exit(99);
  }
  ::close(in.read_end);
  ::close(out.write_end);
  ::close(err.write_end);
  out_.descriptor = out.read_end;
  err_.descriptor = err.read_end;
  if (!invocation.input.empty() &&
      ::write(in.write_end, invocation.input.data(), invocation.input.size()) !=
          static_cast<ssize_t>(invocation.input.size())) {
    throw std::runtime_error("input is larger than a pipe");
  }
  ::close(in.write_end);
  reader_ = std::jthread([this](const std::stop_token& stop) { read_streams(stop); });
}

Process::~Process() {
  if (!status_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  reader_.request_stop();
  reader_.join();
  ::close(out_.descriptor);
  ::close(err_.descriptor);
}

void Process::read_streams(const std::stop_token& stop) {
  while (!stop.stop_requested() && !(out_.is_over && err_.is_over)) {
    for (Stream* stream : {&out_, &err_}) {
      pollfd readable{.fd = stream->descriptor, .events = POLLIN, .revents = 0};
      if (stream->is_over || ::poll(&readable, 1, 5) <= 0) {
        continue;
      }
      std::array<char, 65536> bytes{};
      const ssize_t size = ::read(stream->descriptor, bytes.data(), bytes.size());
      const std::lock_guard guard(mutex_);
      if (size > 0) {
        stream->text.append(bytes.data(), static_cast<std::size_t>(size));
      } else {
        stream->is_over = true;
      }
    }
  }
}

void Process::signal(int number) const { ::kill(pid_, number); }

void Process::stop() const {
  signal(SIGSTOP);
  wait_until([this] { return state_of(pid_) == 'T'; }, "the stop");
}

bool Process::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = status;
  }
  return status_.has_value();
}

Ended Process::wait() {
  const auto all_read = [this] {
    const std::lock_guard guard(mutex_);
    return out_.is_over && err_.is_over;
  };
  wait_until([this] { return has_ended(); }, "the end of the process; it wrote: " + out() + err());
  wait_until(all_read, "the end of its output: another process keeps it open");
  Ended ended;
  if (WIFEXITED(*status_)) {
    ended.exit_code = WEXITSTATUS(*status_);
  } else {
    ended.signal = WTERMSIG(*status_);
  }
  ended.out = out();
  ended.err = err();
  return ended;
}

std::string Process::text_of(const Stream& stream) {
  const std::lock_guard guard(mutex_);
  return stream.text;
}

std::string Process::out() { return text_of(out_); }
std::string Process::err() { return text_of(err_); }

void Process::wait_for_out(std::string_view text) {
  wait_until([&] { return out().find(text) != std::string::npos; }, text);
}

void Process::wait_for_err(std::string_view text) {
  wait_until([&] { return err().find(text) != std::string::npos; }, text);
}

Ended run(Invocation invocation) { return Process(std::move(invocation)).wait(); }

Ended run(std::vector<std::string> arguments,
          std::vector<std::pair<std::string, std::string>> variables) {
  return run(Invocation{.arguments = std::move(arguments), .variables = std::move(variables)});
}

std::optional<char> state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line) || line.rfind(") ") == std::string::npos) {
    return std::nullopt;
  }
  return line[line.rfind(") ") + 2];
}

bool is_running(pid_t pid) {
  const auto state = state_of(pid);
  return state && *state != 'Z' && *state != 'X';
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace exclusive_lock::cli_test
