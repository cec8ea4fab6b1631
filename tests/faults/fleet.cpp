#include "faults/fleet.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace exclusive_lock::faults {

using namespace std::chrono_literals;

namespace {

// How long the pause between two tries to connect may become (2 s), with a try that was under way
// (1.5 s) and the pause of a waiter after failure (1 s); and half a second for a busy machine.
constexpr auto recovery_slack = 5s;
// From when a server answers again until a holder has asked it: a reconnect, and a busy machine.
constexpr auto loss_slack = 350ms;

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Fleet::Fleet(FleetOptions options)
    : options_(std::move(options)), register_(folder_.path() / "register") {}

Fleet::~Fleet() {
  for (auto& [number, worker] : workers_) {
    if (worker.pid != 0) {
      ::kill(worker.pid, SIGKILL);
      ::waitpid(worker.pid, nullptr, 0);
      if (worker.input >= 0) {
        ::close(worker.input);
      }
    }
  }
}

void Fleet::start() {
  for (int number = 1; number <= options_.workers; ++number) {
    launch(number);
  }
  await("that all are connected", [&] {
    return std::all_of(workers_.begin(), workers_.end(), [&](const auto& each) {
      return std::filesystem::exists(diary(each.first));
    });
  });
  await_new_hold();
}

void Fleet::launch(int number) {
  std::vector<std::string> words{FAULT_WORKER,
                                 options_.url,
                                 std::to_string(number),
                                 folder_.path().string(),
                                 std::to_string(options_.ttl.count()),
                                 std::to_string(options_.refresh.count()),
                                 std::to_string(options_.work.count())};
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (std::string& setting : options_.environment) {
    environment.push_back(setting.data());
  }
  for (char** setting = ::environ; *setting != nullptr; ++setting) {
    environment.push_back(*setting);
  }
  environment.push_back(nullptr);
  int input[2];
  if (::pipe2(input, O_CLOEXEC) != 0) {
    fail_with_errno("cannot make a pipe");
  }
  const int errors = ::open((folder_.path() / "complaints").c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {  // only async-signal-safe calls: the parent may have threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(127);
    }
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    ::execve(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(errors);
  if (pid < 0) {
    ::close(input[1]);
    fail_with_errno("cannot fork");
  }
  workers_[number] = {.pid = pid, .input = input[1]};
}

void Fleet::expect_alive() {
  for (auto& [number, worker] : workers_) {
    int status = 0;
    if (worker.pid != 0 && ::waitpid(worker.pid, &status, WNOHANG) == worker.pid) {
      worker.pid = 0;
      ::close(worker.input);
      throw std::runtime_error("worker " + std::to_string(number) + " ended by itself" +
                               complaints());
    }
  }
}

void Fleet::pass(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

void Fleet::suffer(const std::string& name, Data data, const std::function<void()>& fault) {
  const Instant began_at = BootClock::now();
  fault();
  faults_.push_back(
      {.name = name, .began_at = began_at, .ended_at = BootClock::now(), .data = data});
}

// --- signals ---

void Fleet::signal(int number, int what) {
  if (::kill(workers_.at(number).pid, what) != 0) {
    fail_with_errno("cannot signal a worker");
  }
}

bool Fleet::try_stop(int number, const InTheWay& is_in_the_way) {
  signal(number, SIGSTOP);
  int status = 0;
  if (::waitpid(workers_.at(number).pid, &status, WUNTRACED) != workers_.at(number).pid ||
      !WIFSTOPPED(status)) {
    throw std::runtime_error("a worker did not stop" + complaints());
  }
  workers_.at(number).is_stopped = true;
  if (!register_.is_free() || is_in_the_way()) {
    resume(number);
    return false;
  }
  return true;
}

int Fleet::stop_holder(const InTheWay& is_in_the_way) {
  int stopped = 0;
  await("a holder that can be stopped", [&] {
    const int holder = await_long_holder();
    if (!try_stop(holder, is_in_the_way)) {
      return false;
    }
    const std::vector<Hold> holds = last_holds();
    const bool still_holds = std::any_of(holds.begin(), holds.end(), [&](const Hold& hold) {
      return hold.worker == holder && hold.end == HoldEnd::open &&
             BootClock::now() < hold.safe_until;
    });
    if (!still_holds) {
      resume(holder);
      return false;
    }
    stopped = holder;
    return true;
  });
  return stopped;
}

int Fleet::a_waiter() {
  int waiter = 0;
  await("somebody who waits", [&] {
    const int holder = await_long_holder();
    for (const int number : living()) {
      if (number != holder && !workers_.at(number).is_stopped) {
        waiter = number;
      }
    }
    return waiter != 0;
  });
  return waiter;
}

int Fleet::stop_waiter(const InTheWay& is_in_the_way) {
  int stopped = 0;
  await("a waiter that can be stopped", [&] {
    const int waiter = a_waiter();
    stopped = try_stop(waiter, is_in_the_way) ? waiter : 0;
    return stopped != 0;
  });
  return stopped;
}

void Fleet::resume(int number) {
  signal(number, SIGCONT);
  workers_.at(number).is_stopped = false;
}

void Fleet::while_all_stand(const std::function<void()>& what) {
  for (const int number : living()) {
    signal(number, SIGSTOP);
    int status = 0;
    if (::waitpid(pid(number), &status, WUNTRACED) != pid(number) || !WIFSTOPPED(status)) {
      throw std::runtime_error("a worker did not stop" + complaints());
    }
  }
  what();
  for (const int number : living()) {
    resume(number);
  }
}

void Fleet::kill(int number) {
  signal(number, SIGKILL);
  Worker& worker = workers_.at(number);
  ::waitpid(worker.pid, nullptr, 0);
  ::close(worker.input);
  worker = {};
}

void Fleet::start_again(int number) { launch(number); }

void Fleet::make_do(int number, const std::string& deed) {
  const std::string name = "deed-" + std::to_string(number);
  std::ofstream(folder_.path() / (name + "-new")) << deed;  // whole when it has its name
  std::filesystem::rename(folder_.path() / (name + "-new"), folder_.path() / name);
  await("the deed of worker " + std::to_string(number), [&] { return !is_wished(name); });
}

// As expect_alive() looks too, and would take it for an accident, the deed is awaited by its end.
void Fleet::make_end(int number, const std::string& deed) {
  Worker ending = std::exchange(workers_.at(number), Worker{});
  make_do(number, deed);
  await("the end of worker " + std::to_string(number),
        [&] { return ::waitpid(ending.pid, nullptr, WNOHANG) == ending.pid; });
  ::close(ending.input);
}

void Fleet::wish(const std::string& name) { std::ofstream{folder_.path() / name}; }

bool Fleet::is_wished(const std::string& name) const {
  return std::filesystem::exists(folder_.path() / name);
}

void Fleet::end_wish(const std::string& name) { std::filesystem::remove(folder_.path() / name); }

std::vector<int> Fleet::living() const {
  std::vector<int> numbers;
  for (const auto& [number, worker] : workers_) {
    if (worker.pid != 0) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

// --- what they wrote ---

std::filesystem::path Fleet::diary(int number) const {
  return folder_.path() / ("diary-" + std::to_string(number));
}

// Up to date.
DiaryReader& Fleet::reader(int number) {
  DiaryReader& reader = readers_.try_emplace(number, diary(number), number).first->second;
  reader.update();
  return reader;
}

std::size_t Fleet::holds_of(int number) { return reader(number).holds(); }

bool Fleet::holds_open(int number) {
  const auto last = reader(number).last_hold();
  return last && last->end == HoldEnd::open;
}

std::size_t Fleet::holds() {
  std::size_t sum = 0;
  for (const auto& [number, worker] : workers_) {
    sum += holds_of(number);
  }
  return sum;
}

std::vector<Hold> Fleet::last_holds() {
  std::vector<Hold> last;
  for (const auto& [number, worker] : workers_) {
    if (const auto hold = reader(number).last_hold()) {
      last.push_back(*hold);
    }
  }
  return last;
}

History Fleet::history() const {
  History all;
  for (const auto& [number, worker] : workers_) {
    read_diary(diary(number), number, all);
  }
  read_writes(folder_.path() / "register", all);
  all.faults = faults_;
  return all;
}

std::vector<std::string> Fleet::verdict() {
  const Bounds bounds{.ttl = options_.ttl,
                      .overlap_after_loss = options_.refresh + loss_slack,
                      .recovery = options_.ttl + recovery_slack,
                      .survivors = living()};
  finish();
  return violations(history(), bounds);
}

void Fleet::finish() {
  for (auto& [number, worker] : workers_) {
    if (worker.pid != 0) {
      ::close(worker.input);
      worker.input = -1;
    }
  }
  for (auto& [number, worker] : workers_) {
    const Instant give_up_at = BootClock::now() + max_wait;
    int status = 0;
    while (worker.pid != 0 && ::waitpid(worker.pid, &status, WNOHANG) == 0) {
      if (BootClock::now() > give_up_at) {
        throw std::runtime_error("worker " + std::to_string(number) + " does not end" +
                                 complaints());
      }
      std::this_thread::sleep_for(look_pause);
    }
    worker = {};
    if (status != 0) {
      throw std::runtime_error("worker " + std::to_string(number) + " ended badly" + complaints());
    }
  }
}

std::string Fleet::complaints() {
  std::ostringstream text;
  const auto ago = [](Instant instant) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(BootClock::now() - instant)
        .count();
  };
  for (const auto& [number, worker] : workers_) {
    const DiaryReader& diary = reader(number);
    text << "\n  worker " << number << ": " << diary.holds() << " holds";
    if (const auto hold = diary.last_hold()) {
      text << ", the last began " << ago(hold->believed_from) << " ms ago";
    }
    if (!diary.failures().empty()) {
      const Failure& last = diary.failures().back();
      text << ", " << diary.failures().size() << " failures, the last " << ago(last.told_at)
           << " ms ago: " << last.code.message();
    }
  }
  std::ifstream said(folder_.path() / "complaints");
  text << "\n" << std::string{std::istreambuf_iterator<char>(said), {}};
  return text.str();
}

}  // namespace exclusive_lock::faults
