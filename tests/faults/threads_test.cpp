// Threads run out (docs/failure_modes.md, 39): a process with a limit of threads gets an error that
// says so, leaves nothing behind, and works when it may start more of them.
//
// The kernel counts the threads of a user, so each child here is a user of its own. Where the tests
// are not run by root, it is the user who runs them, and may start none.

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "faults/scene.hpp"
#include "live/comes_true.hpp"
#include "live/server.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using live::comes_true;

constexpr uid_t first_of_the_users = 1'900'000'000;  // of nobody; so that no two tests have one
constexpr int enough = 12;                           // threads for everything

bool is_root() { return ::geteuid() == 0; }

void expect(bool is_so, const std::string& what) {
  if (!is_so) {
    throw std::runtime_error("it is not so: " + what);
  }
}

std::ptrdiff_t count(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}
std::ptrdiff_t threads() { return count("/proc/self/task"); }
std::ptrdiff_t descriptors() { return count("/proc/self/fd"); }

// This process may start so many threads more, and no others, while it lives.
class ThreadsLeft {
 public:
  explicit ThreadsLeft(rlim_t left) {
    ::getrlimit(RLIMIT_NPROC, &before_);
    const auto mine_now = static_cast<rlim_t>(threads());
    const rlimit few{.rlim_cur = is_root_ ? mine_now + left : 0, .rlim_max = before_.rlim_max};
    expect(::setrlimit(RLIMIT_NPROC, &few) == 0, "a limit can be set");
    if (is_root_) {
      const uid_t mine = first_of_the_users + static_cast<uid_t>(::getpid());
      expect(::setgroups(0, nullptr) == 0 && ::setgid(mine) == 0 && ::setuid(mine) == 0,
             "root can be somebody else");
    }
  }
  ~ThreadsLeft() { ::setrlimit(RLIMIT_NPROC, &before_); }
  ThreadsLeft(const ThreadsLeft&) = delete;
  ThreadsLeft& operator=(const ThreadsLeft&) = delete;

 private:
  const bool is_root_ = is_root();
  rlimit before_{};
};

void expect_told(const StoreError& error) {
  expect(error.code() == errc::store_unavailable, "the code of: " + std::string(error.what()));
  expect(std::string(error.what()).find("Resource temporarily unavailable") != std::string::npos,
         "the reason in: " + std::string(error.what()));
  expect(!error.may_have_run(), "nothing can have run");
}

void expect_works(const std::shared_ptr<Connection>& connection) {
  Options options;
  options.app_name = "job";
  options.cache_connection = connection;
  ExclusiveLock lock(options);
  expect(lock.acquire_for(1min) && lock.held(), "it is held");
  expect(lock.refresh() == RefreshOutcome::refreshed, "it is refreshed");
  expect(lock.release() == ReleaseOutcome::released, "it is released");
}

constexpr int told = 10;
constexpr int works = 11;

// The exit code of a child that may start so many threads.
int connect_with(int threads_left, const std::string& url) {
  std::thread([] {}).join();  // a sanitizer starts one of its own beside the first
  const auto descriptors_before = descriptors();
  const auto threads_before = threads();
  bool is_told = false;
  {
    const ThreadsLeft few(static_cast<rlim_t>(threads_left));
    try {
      expect_works(connect(url));
    } catch (const StoreError& error) {
      expect_told(error);
      is_told = true;
    }
    expect(comes_true([&] { return threads() == threads_before; }), "no thread is left");
    expect(descriptors() == descriptors_before, "no descriptor is left");
  }
  expect_works(connect(url));
  return is_told ? told : works;
}

int exit_code_of_child(const std::function<int()>& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      code = run();
    } catch (const std::exception& error) {
      std::cerr << error.what() << std::endl;
    }
    ::_exit(code);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class Threads : public testing::TestWithParam<std::string> {};

TEST_P(Threads, EachThatCannotBeStartedIsToldAndNothingIsLeft) {
  std::optional<live::Server> server;
  const live::TemporaryDirectory directory;
  if (const auto kind = kind_of(GetParam())) {
    server.emplace(live::ServerOptions{.kind = *kind});
  }
  for (int left = 0; left <= (is_root() ? enough : 0); ++left) {
    SCOPED_TRACE(std::to_string(left) + " threads");
    // Each child's own: it is another user.
    const auto place = directory.path() / std::to_string(left);
    std::filesystem::create_directory(place);
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0711));
    const int code = exit_code_of_child([&] {
      if (!server && is_root()) {
        const uid_t mine = first_of_the_users + static_cast<uid_t>(::getpid());
        expect(::chown(place.c_str(), mine, mine) == 0, "a directory can be given away");
      }
      return connect_with(left, server ? server->url() : "local://" + place.string());
    });
    EXPECT_TRUE(code == told || code == works) << code;
    EXPECT_TRUE(left > 0 || code == told) << "there is no connection without a thread";
    EXPECT_TRUE(left < enough || code == works) << "they are enough";
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, Threads, testing::ValuesIn(stores_to_test()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace exclusive_lock::faults
