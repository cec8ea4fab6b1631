// kill -9 at any instruction (docs/failure_modes.md, 46): the next process gets the lock at once,
// fences grow, the file is intact, and nothing is left behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "live/job_key.hpp"
#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

namespace fs = std::filesystem;

// Where fsync costs nothing, because hundreds of stores are made; else where all other tests are.
class MemoryDirectory {
 public:
  MemoryDirectory() {
    std::string name = "/dev/shm/exclusive-lock-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) {
      path_ = name;
    } else {
      path_ = elsewhere_.path();
    }
  }
  ~MemoryDirectory() { fs::remove_all(path_); }
  MemoryDirectory(const MemoryDirectory&) = delete;
  MemoryDirectory& operator=(const MemoryDirectory&) = delete;
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  TemporaryDirectory elsewhere_;
  fs::path path_;
};

std::uint64_t fence_in(const std::string& line) {
  return line.starts_with("fence ") ? std::stoull(line.substr(6)) : 0;
}

// What must hold after a holder was killed. Gives the fence of the next hold.
std::uint64_t expect_sound(const fs::path& directory, std::uint64_t highest_fence) {
  LocalRequester next(directory);
  const LocalWish wish{.key = key};
  const AttemptReply reply = next.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(reply.fence.value, highest_fence);
  EXPECT_EQ(next.release(wish), ReleaseReplyStatus::released);
  EXPECT_TRUE(next.list("").records.empty());
  EXPECT_EQ(integrity_of(directory), "ok");
  EXPECT_EQ(number_in(directory, "SELECT count(*) FROM lock"), 1);
  EXPECT_EQ(number_in(directory, "SELECT count(*) FROM rest"), 0);
  EXPECT_EQ(number_in(directory, "SELECT count(*) FROM waiter"), 0);
  EXPECT_EQ(number_in(directory, "SELECT count(*) FROM waiter_tail"), 0);
  EXPECT_EQ(number_in(directory, "SELECT sum(waiting) FROM lock"), 0);
  for (const auto& entry : fs::directory_iterator(folder_of(directory))) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("waiter-")) << entry.path();
  }
  return std::max(highest_fence, reply.fence.value);
}

TEST(LocalKill, AtRandomInstantsOfAnEndlessLoop) {
  const TemporaryDirectory directory;
  std::minstd_rand random(46);
  std::uint64_t highest_fence = 0;
  for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(i);
    LocalWorker worker(directory.path(), {"loop", key});
    std::uint64_t fence = fence_in(worker.line());
    EXPECT_GT(fence, highest_fence);
    // Some 40 us for each round of the loop: anywhere in the first fifty.
    const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 2'000'000)};
    ::nanosleep(&pause, nullptr);
    worker.kill();
    worker.wait();
    for (std::string line = worker.line(); !line.empty(); line = worker.line()) {
      EXPECT_GT(fence_in(line), fence);
      fence = fence_in(line);
    }
    highest_fence = expect_sound(directory.path(), fence);
  }
}

// Runs the worker up to its n-th stop at a system call, counted from before it opens the store, and
// kills it there. False: it ended before.
bool kill_at_system_call(LocalWorker& worker, int n) {
  int status = 0;
  const auto stops_by = [&](int signal) {
    return ::waitpid(worker.pid(), &status, 0) == worker.pid() && WIFSTOPPED(status) &&
           WSTOPSIG(status) == signal;
  };
  EXPECT_TRUE(stops_by(SIGTRAP)) << "exec";
  EXPECT_EQ(::ptrace(PTRACE_CONT, worker.pid(), nullptr, nullptr), 0);
  EXPECT_TRUE(stops_by(SIGSTOP)) << "it says that it begins";
  for (int i = 0; i < n; ++i) {
    EXPECT_EQ(::ptrace(PTRACE_SYSCALL, worker.pid(), nullptr, nullptr), 0);
    if (!stops_by(SIGTRAP)) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      worker.has_ended();
      return false;
    }
  }
  worker.kill();
  EXPECT_TRUE(WIFSIGNALED(worker.wait()));
  return true;
}

// Before and after each system call of what a worker does with a store that exists. Gives how many
// there are.
int kill_everywhere(const char* what) {
  const TemporaryDirectory directory;
  std::uint64_t highest_fence = expect_sound(directory.path(), 0);
  int calls = 0;
  for (bool is_killed = true; is_killed && !testing::Test::HasFailure(); ++calls) {
    SCOPED_TRACE(calls);
    LocalWorker worker(directory.path(), {what, key}, LocalWorker::Traced::yes);
    is_killed = kill_at_system_call(worker, calls);
    for (std::string line = worker.line(); !line.empty(); line = worker.line()) {
      EXPECT_GT(fence_in(line), highest_fence);
      highest_fence = fence_in(line);
    }
    highest_fence = expect_sound(directory.path(), highest_fence);
  }
  return calls;
}

// Opening it, each verb, and closing it.
TEST(LocalKill, AtEverySystemCallOfEveryVerb) {
  EXPECT_GT(kill_everywhere("once"), 50) << "it did hardly anything";
}

// Making a socket, waiting, beating, handing over, leaving, and closing it.
TEST(LocalKill, AtEverySystemCallOfWaitingAndHandingOver) {
  EXPECT_GT(kill_everywhere("queue"), 100) << "it did hardly anything";
}

// The same with a store that does not exist: it is made by the killed one, or whole by the next.
TEST(LocalKill, AtEverySystemCallOfMakingAStore) {
  const MemoryDirectory directory;
  int calls = 0;
  for (bool is_killed = true; is_killed && !testing::Test::HasFailure(); ++calls) {
    SCOPED_TRACE(calls);
    const fs::path store = directory.path() / std::to_string(calls);
    LocalWorker worker(store, {"open", key}, LocalWorker::Traced::yes);
    is_killed = kill_at_system_call(worker, calls);
    expect_sound(store, fence_in(worker.line()));
    fs::remove_all(store);
  }
  EXPECT_GT(calls, 100) << "it did hardly anything";
}

}  // namespace
}  // namespace exclusive_lock::live
