// A worker as users write them: acquires a lock, works, releases, again and again, and writes down
// what it believed. Run by fleet.cpp.
//
//   fault_worker URL NUMBER FOLDER TTL_MS REFRESH_MS WORK_MS
//
// URL      of the store; the name of the lock is always "job"
// NUMBER   of this worker: its diary is FOLDER/diary-NUMBER, the register is FOLDER/register
// FOLDER   where there is a file deed-NUMBER, the worker removes it and, in a hold, does what it
//          says (do_deed() below); disk-... are of worker_disk.hpp
// WORK_MS  how long it works in most holds. Every twelfth hold, and each that begins while there is
//          a file FOLDER/long, takes one and a fifth ttl, so that it lives from refreshes
//
// It is sloppy on purpose: it writes to the register at the beginning and the end of its work, and
// when it learns that the lock is lost once more, without asking held(). What stops that is the
// register. Ends when its standard input does, with exit code 0.

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include "exclusive_lock/exclusive_lock.hpp"
#include "faults/clock_file.hpp"
#include "faults/guarded_register.hpp"
#include "faults/history.hpp"
#include "faults/worker_disk.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto look_pause = 1ms;  // between two looks at held()
constexpr auto failure_pause = 20ms;
constexpr auto telling = 5s;  // of a loss, on a machine that is busy with other things
constexpr int long_hold_every = 12;
// After a hold. Longer than a waiter sleeps between two looks, so that one that is here again at
// once does not starve those who look now and then, where waiting is not first come, first served.
constexpr auto rest = 120ms;

struct Task {
  std::string url;
  int number;
  std::filesystem::path folder;
  milliseconds ttl;
  milliseconds refresh;
  milliseconds work;
  char** words;  // the command line
};

ConnectOptions impatient(const Task& task) {
  ConnectOptions options;
  options.connect_timeout = 10s;
  // Two requests have to fit into one ttl, or nothing that is lost once could be made up for.
  options.command_timeout = std::max(task.ttl * 2 / 5, 200ms);
  return options;
}

Options options_of(const Task& task) {
  Options options;
  options.app_name = "job";
  options.cache_connection = connect(task.url, impatient(task));
  options.lock_ttl = task.ttl;
  options.lock_refresh = task.refresh;
  options.label = "worker " + std::to_string(task.number);
  options.allow_short_ttl = true;
  return options;
}

class Worker {
 public:
  Worker(const Task& task, std::stop_token stop)
      : task_(task),
        stop_(std::move(stop)),
        register_(task.folder / "register"),
        options_(options_of(task)),
        diary_(task.folder / ("diary-" + std::to_string(task.number))),
        lock_(options_) {
    lock_.on_error([this](const ErrorEvent& event) { note(event.error); });
  }

  void run() {
    for (int round = 1; !stop_.stop_requested(); ++round) {
      const Instant requested_at = world_now();
      std::error_code error;
      if (lock_.acquire_for(1h, stop_, error)) {
        hold(requested_at, round);
        std::this_thread::sleep_for(rest);
      } else if (error) {
        note(error);
        std::this_thread::sleep_for(failure_pause);
      }
    }
  }

 private:
  [[nodiscard]] bool is_long(int round) const {
    return (round + 4 * task_.number) % long_hold_every == 0 ||
           std::filesystem::exists(task_.folder / "long");
  }

  void hold(Instant requested_at, int round) {
    const Instant from = world_now();
    const milliseconds work = is_long(round) ? task_.ttl * 6 / 5 : task_.work;
    lost_ = lock_.lost_token();
    const auto fence = lock_.fence();
    if (!fence) {
      return;  // it was over before it could be looked at
    }
    Hold hold{.worker = task_.number,
              .requested_at = requested_at,
              .believed_from = from,
              .believed_until = from,
              .safe_until = Instant::max(),
              .fence = *fence};
    if (!look(hold, from)) {
      return;
    }
    diary_.begin(hold);
    write(hold);
    do_deed();
    while (world_now() < from + work && !stop_.stop_requested()) {
      if (!look(hold, world_now())) {
        return lose(hold);
      }
      diary_.note(hold);
      std::this_thread::sleep_for(look_pause);
    }
    write(hold);
    if (!look(hold, world_now())) {
      return lose(hold);
    }
    hold.end = HoldEnd::released;
    diary_.note(hold);
    lock_.release();
  }

  // `now` was read before. True: it was believed in then.
  bool look(Hold& hold, Instant now) const {
    const auto ahead = shown_suspension();  // before: a hold that is there after one began after it
    const auto safe_until = lock_.safe_until();
    if (!safe_until) {
      return false;
    }
    hold.believed_until = now;
    hold.safe_until = *safe_until - ahead;
    return true;
  }

  // Whoever waits for the token is told too.
  void lose(Hold& hold) {
    hold.end = HoldEnd::lost;
    diary_.note(hold);
    write(hold);
    const Instant give_up_at = world_now() + telling;
    while (!lost_.stop_requested()) {
      if (world_now() > give_up_at) {
        throw std::runtime_error("nobody was told of a loss");
      }
      std::this_thread::sleep_for(look_pause);
    }
  }

  void note(const std::error_code& error) {
    diary_.note(Failure{.worker = task_.number, .told_at = world_now(), .code = error});
  }

  void write(const Hold& hold) { register_.write(task_.number, hold.fence); }

  void fork_and_expect_nothing() {
    const pid_t child = ::fork();
    if (child < 0) {
      throw std::runtime_error("cannot fork");
    }
    if (child == 0) {
      ::alarm(30);  // a call that waits for a thread of the parent never returns
      std::error_code error;
      const bool is_inert = !lock_.held() && !lock_.fence() && !lock_.acquire(error) &&
                            error == errc::connection_closed &&
                            lock_.refresh() == RefreshOutcome::not_held &&
                            lock_.release() == ReleaseOutcome::not_held;
      ::_exit(is_inert ? 0 : 1);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) {
      throw std::runtime_error("the child of a fork had a use for the lock of its parent");
    }
  }

  // What it was told to do in a hold, if anything. All but a fork end this program without a
  // destructor.
  void do_deed() {
    const auto wish = task_.folder / ("deed-" + std::to_string(task_.number));
    std::string deed;
    if (!(std::ifstream(wish) >> deed)) {
      return;
    }
    std::filesystem::remove(wish);
    if (deed == "fork") {
      fork_and_expect_nothing();
    } else if (deed == "exec") {
      ::execv("/proc/self/exe", task_.words);  // the same process is a worker that knows nothing
    } else if (deed == "abort") {
      std::abort();
    } else if (deed == "exit") {
      ::_exit(0);
    } else if (deed == "throw") {
      [[maybe_unused]] const std::jthread thread(
          [] { throw std::runtime_error("nobody catches this"); });
    } else {
      throw std::runtime_error("no such deed: " + deed);
    }
  }

  const Task& task_;
  std::stop_token stop_;
  GuardedRegister register_;
  Options options_;  // with a connection
  Diary diary_;      // made after it: who has one is connected
  ExclusiveLock lock_;
  std::stop_token lost_;  // of the present hold
};

Task task_in(char** words) {
  const auto time = [&](int i) { return milliseconds(std::atoll(words[i])); };
  return {.url = words[1],
          .number = std::atoi(words[2]),
          .folder = words[3],
          .ttl = time(4),
          .refresh = time(5),
          .work = time(6),
          .words = words};
}

void work_until_input_ends(const Task& task) {
  std::stop_source stop;
  const std::jthread listener([stop]() mutable {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    while (::poll(&input, 1, 10) <= 0) {
      static_cast<void>(
          BootClock::now());  // its timers follow when it is looked at (set_clock.cpp)
    }
    stop.request_stop();
  });
  Worker(task, stop.get_token()).run();
}

}  // namespace
}  // namespace exclusive_lock::faults

int main(int count, char** words) {
  using namespace exclusive_lock::faults;
  if (count != 7) {
    std::cerr << "usage: fault_worker URL NUMBER FOLDER TTL_MS REFRESH_MS WORK_MS\n";
    return 2;
  }
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};  // abort() is one of its deeds
  ::setrlimit(RLIMIT_CORE, &no_core);
  try {
    const Task task = task_in(words);
    obey_disk_wishes(task.folder);
    work_until_input_ends(task);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "fault_worker: " << error.what() << std::endl;
    ::_exit(1);  // the listener waits for an end of input that does not come
  }
}
