// The walk over all descendants, while they end, change their parents and start further processes.

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/descendants.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr int repetitions = 300;

// A pipe over which a process that was forked sends process ids.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    checked(::pipe(ends.data()), "pipe");
    from = Descriptor(ends[0]);
    into = Descriptor(ends[1]);
  }
  void send(pid_t pid) const {
    EXPECT_EQ(::write(into.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  }
  pid_t receive() const {
    pid_t pid = 0;
    EXPECT_EQ(::read(from.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    return pid;
  }
  Descriptor from;
  Descriptor into;
};

pid_t forked(const std::function<void()>& main) {
  const pid_t pid = checked(::fork(), "fork");
  if (pid == 0) {
    main();
    for (;;) {
      ::pause();
    }
  }
  return pid;
}

class DescendantsWalk : public ::testing::Test {
 protected:
  DescendantsWalk() { checked(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl"); }
  ~DescendantsWalk() override {
    end_all();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

  static void end_all() {
    while (reap_children([](const siginfo_t&) {})) {
      signal_descendants(SIGKILL, 0);
    }
  }
  static std::vector<pid_t> pids(const std::vector<Descendant>& descendants) {
    std::vector<pid_t> pids;
    std::ranges::transform(descendants, std::back_inserter(pids), &Descendant::pid);
    return pids;
  }
};

// The signal to the group ends the parent at once; its child, which left the group, is then a child
// of this process: before the walk reads the children of this process, after it, or in between.
TEST_F(DescendantsWalk, ReachesTheChildOfAParentThatEndsMeanwhile) {
  for (int round = 0; round < repetitions && !HasFailure(); ++round) {
    const Pipe pipe;
    const pid_t job = forked([&] {
      ::setpgid(0, 0);
      forked([&] {
        ::setsid();
        pipe.send(::getpid());
      });
    });
    const pid_t child = pipe.receive();
    EXPECT_THAT(pids(signal_descendants(SIGTERM, job)), Contains(child)) << "round " << round;
    end_all();
  }
}

// A process that cleans up after TERM starts a program to do so. The walk is repeated, as the job
// has ended meanwhile, and finds that program; the others give it time for that.
TEST_F(DescendantsWalk, LeavesWhatIsStartedToCleanUpAlone) {
  constexpr int others = 20;
  for (int round = 0; round < repetitions / 10 && !HasFailure(); ++round) {
    const Pipe pipe;
    static const Pipe* into = nullptr;
    into = &pipe;
    forked([&] {
      ::signal(SIGTERM, [](int) { into->send(forked([] { ::signal(SIGTERM, SIG_DFL); })); });
      pipe.send(::getpid());
    });
    pipe.receive();
    for (int other = 0; other < others; ++other) {
      forked([&] {
        ::signal(SIGTERM, SIG_IGN);
        pipe.send(::getpid());
      });
      pipe.receive();
    }
    const pid_t job = forked([&] {
      ::setpgid(0, 0);
      forked([&] {
        ::setsid();
        pipe.send(::getpid());
      });
    });
    pipe.receive();
    const auto reached = pids(signal_descendants(SIGTERM, job));
    EXPECT_THAT(reached, Not(Contains(pipe.receive()))) << "round " << round;
    end_all();
  }
}

}  // namespace
}  // namespace exclusive_lock::cli
