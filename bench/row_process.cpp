#include "row_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <exception>
#include <string>

#include "exclusive_lock/clock.hpp"
#include "measurement_json.hpp"
#include "system_call.hpp"

namespace exclusive_lock::bench {
namespace {

Measurement unfinished(const Row& row, std::string why) {
  return {.row = std::string(row.name),
          .what = std::string(row.what),
          .unit = "",
          .note = "not finished: " + std::move(why)};
}

void write_line(int descriptor, const Measurement& measurement) {
  const std::string line = boost::json::serialize(to_json(measurement)) + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t size = ::write(descriptor, line.data() + sent, line.size() - sent);
    if (size < 0 && errno != EINTR) {
      ::_exit(1);  // nobody listens any more
    }
    sent += size > 0 ? static_cast<std::size_t>(size) : 0;
  }
}

[[noreturn]] void measure_here(const Row& row, Bench& bench, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    row.measure(bench);
  } catch (const std::exception& error) {
    write_line(output, unfinished(row, error.what()));
  }
  ::_exit(0);
}

// Tells each line that comes until the end of input; false: the time was over before.
bool pass_on(int input, Instant deadline, const Bench::Tell& tell) {
  std::string read;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now()).count();
    if (left <= 0) {
      return false;
    }
    pollfd watched{.fd = input, .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, static_cast<int>(left)) <= 0) {
      continue;
    }
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(input, bytes.data(), bytes.size());
    if (size == 0) {
      return true;
    }
    read.append(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    for (auto end = read.find('\n'); end != std::string::npos; end = read.find('\n')) {
      tell(from_json(boost::json::parse(read.substr(0, end))));
      read.erase(0, end + 1);
    }
  }
}

}  // namespace

void measure_in_process(const Row& row, const Effort& effort, const Programs& programs,
                        live::Server& server, std::chrono::seconds limit, const Bench::Tell& tell) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno("pipe");
  }
  const Instant deadline = BootClock::now() + limit;
  const pid_t child = ::fork();
  if (child < 0) {
    throw_errno("fork");
  }
  if (child == 0) {
    ::close(ends[0]);
    Bench bench(effort, programs, server,
                [output = ends[1]](const Measurement& line) { write_line(output, line); });
    measure_here(row, bench, ends[1]);
  }
  ::close(ends[1]);
  const bool ended = pass_on(ends[0], deadline, tell);
  ::close(ends[0]);
  if (!ended) {
    ::kill(child, SIGKILL);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    tell(unfinished(row, fmt::format("it took more than {} s", limit.count())));
  } else if (WIFSIGNALED(status)) {
    tell(unfinished(row, fmt::format("it was ended by signal {}", WTERMSIG(status))));
  }
}

}  // namespace exclusive_lock::bench
