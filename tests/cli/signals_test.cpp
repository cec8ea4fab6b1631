// Signals to the command that runs under the lock, and to exclusive-lock while it waits.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "cli/command_fixture.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Signals : public CommandTest {
 protected:
  // Starts a command that exits with 7 on `name`, a signal that sh can trap.
  std::unique_ptr<Process> start_with_trap(const std::string& name,
                                           const std::string& reaction = "exit 7") const {
    auto process = start(under_lock("job", {},
                                    "trap 'echo got " + name + "; " + reaction + "' " + name +
                                        "; echo ready; while :; do sleep 0.02; done"));
    process->wait_for_out("ready");
    return process;
  }
};

struct Named {
  const char* name;
  int number;
};

class PassedOn : public Signals, public ::testing::WithParamInterface<Named> {};

TEST_P(PassedOn, ToTheCommandWhichMayHandleThem) {
  const auto process = start_with_trap(GetParam().name);
  process->signal(GetParam().number);
  const Ended ended = process->wait();
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_THAT(ended.out, HasSubstr(std::string("got ") + GetParam().name));
  EXPECT_TRUE(is_free("job"));
}

INSTANTIATE_TEST_SUITE_P(Each, PassedOn,
                         ::testing::Values(Named{"HUP", SIGHUP}, Named{"INT", SIGINT},
                                           Named{"QUIT", SIGQUIT}, Named{"TERM", SIGTERM},
                                           Named{"USR1", SIGUSR1}, Named{"USR2", SIGUSR2},
                                           Named{"ALRM", SIGALRM}, Named{"WINCH", SIGWINCH},
                                           Named{"CONT", SIGCONT}, Named{"URG", SIGURG}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(Signals, SignalThatEndsTheCommandIsTheExitCode) {
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGRTMIN + 3}) {
    const auto process = start({"run", "job", "--", "sh", "-c", "echo ready; exec sleep 1000"});
    process->wait_for_out("ready");
    process->signal(signal);
    EXPECT_EQ(process->wait().exit_code, 128 + signal);
    EXPECT_TRUE(is_free("job"));
  }
}

TEST_F(Signals, ReachTheWholeGroupOfTheCommand) {
  const auto process = start(under_lock("job", {}, "sleep 1000 & echo $! > $FOLDER/child; wait"));
  const pid_t child = pid_in("child");
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGTERM);
  wait_until([&] { return !is_running(child); }, "the end of the child");
}

TEST_F(Signals, SignalIgnoredAtTheStartStaysIgnored) {
  Invocation all = invocation(under_lock(
      "job", {}, "grep SigIgn /proc/self/status; echo ready; while :; do sleep 0.02; done"));
  all.ignores_hangup = true;
  Process process(std::move(all));
  process.wait_for_out("ready");
  EXPECT_THAT(process.out(), ::testing::ContainsRegex("SigIgn:.*1\n")) << "SIGHUP is number 1";
  process.signal(SIGHUP);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().exit_code, 128 + SIGTERM) << "and not 129";
}

TEST_F(Signals, EndTheWaitAndLeaveNothingBehind) {
  const auto holder = start(under_lock("job", {}, "echo held; exec sleep 1000"));
  holder->wait_for_out("held");
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1}) {
    const auto waiter = start(under_lock("job", {"--verbose"}, "echo ran"));
    waiter->wait_for_err("local store");
    waiter->signal(signal);
    const Ended ended = waiter->wait();
    EXPECT_EQ(ended.exit_code, 128 + signal);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("stopped waiting for job: "));
  }
  EXPECT_FALSE(holder->has_ended());
  holder->signal(SIGTERM);
  holder->wait();
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Signals, SignalsIgnoredByDefaultDoNotEndTheWait) {
  const auto holder =
      start(under_lock("job", {}, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  holder->wait_for_out("held");
  const auto waiter = start(under_lock("job", {"--verbose"}, "echo ran"));
  waiter->wait_for_err("local store");
  for (const int signal : {SIGWINCH, SIGCONT, SIGCHLD, SIGURG}) {
    waiter->signal(signal);
  }
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(waiter->wait().out, "ran\n");
}

TEST_F(Signals, EndAWaitingAcquire) {
  const auto holder = start(under_lock("job", {}, "echo held; exec sleep 1000"));
  holder->wait_for_out("held");
  const auto waiter = start({"acquire", "job", "--verbose"});
  waiter->wait_for_err("local store");
  waiter->signal(SIGINT);
  EXPECT_EQ(waiter->wait().exit_code, 128 + SIGINT);
}

TEST_F(Signals, StoppedCommandStaysStoppedWithoutATerminal) {
  const auto process =
      start(under_lock("job", {"--ttl", "600ms"},
                       "echo $$ > $FOLDER/command; echo ready; while :; do sleep 0.02; done"));
  const pid_t command = pid_in("command");
  ::kill(command, SIGSTOP);
  wait_until([&] { return state_of(command) == 'T'; }, "the stop");
  // Two ttls later the command is still stopped, and the lock is still held.
  const Ended other = this->command(under_lock("job", {"--wait", "1200ms"}, "true"));
  EXPECT_EQ(other.exit_code, 124);
  EXPECT_EQ(state_of(command), 'T');
  process->signal(SIGCONT);
  wait_until([&] { return state_of(command) != 'T'; }, "its continuation");
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGTERM);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
