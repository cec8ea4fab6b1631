// The hold ends while the command runs: the store reports the loss, the record is removed, the
// store does not answer, or exclusive-lock is killed.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/error.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A command that reports its start, and does not end by itself.
constexpr const char* ends_on_term = "echo $$ > $FOLDER/command; while :; do sleep 0.02; done";
constexpr const char* ignores_term =
    "trap 'echo term >> $FOLDER/term' TERM; echo $$ > $FOLDER/command; while :; do sleep 0.02; "
    "done";
// A command that ends on TERM, with a child that ignores TERM.
constexpr const char* with_background_child =
    "(trap '' TERM; sh -c 'echo $PPID' > $FOLDER/child; while :; do sleep 0.02; done) & "
    "echo $$ > $FOLDER/command; wait";

class Loss : public CommandTest {
 protected:
  Ended remove_record() const { return command({"release", "job", "--force", "--yes"}); }
};

TEST_F(Loss, DescendantsEndWhenExclusiveLockIsKilled) {
  const auto process = start(under_lock("job", {}, with_background_child));
  const pid_t command = pid_in("command");
  const pid_t child = pid_in("child");
  process->signal(SIGKILL);
  wait_until([&] { return !is_running(command); }, "the end of the command");
  wait_until([&] { return !is_running(child); }, "the end of its child");
}

TEST_F(Loss, AllowedOrphanRunsOn) {
  const auto process =
      start(under_lock("job", {"--allow-orphan"},
                       "exec > /dev/null 2>&1; echo $$ > $FOLDER/command; until [ -e $FOLDER/go ]; "
                       "do sleep 0.02; done; echo > $FOLDER/done"));
  const pid_t command = pid_in("command");
  process->signal(SIGKILL);
  process->wait();
  EXPECT_TRUE(is_running(command));
  std::ofstream(path("go")) << "go";
  wait_until([&] { return exists(path("done")); }, "the orphan's work");
}

TEST_F(Loss, RemovedRecordEndsTheCommand) {
  const auto process = start(under_lock("job", {"--ttl", "1500ms"}, ends_on_term));
  pid_in("command");
  EXPECT_EQ(remove_record().exit_code, 0);
  const Ended ended = process->wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("lost job: the store no longer has its record"));
  EXPECT_THAT(ended.err, HasSubstr("the command was ended"));
}

TEST_F(Loss, RecordThatIsMissingAtTheReleaseIsNamedAsTheCause) {
  const Ended ended = command(under_lock(
      "job", {}, std::string(EXCLUSIVE_LOCK_COMMAND) + " release job --force --yes 2> /dev/null"));
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("the store no longer had its record"));
  EXPECT_THAT(ended.err, Not(HasSubstr("the command was ended")));
}

// Otherwise the next file that is opened, one of the store's, would take the number and get the
// output.
TEST_F(Loss, ClosedDescriptorsDamageNoStore) {
  const std::string program = EXCLUSIVE_LOCK_COMMAND;
  const Ended ended = command(
      under_lock("job", {"--ttl", "1500ms"},
                 program + " list --json >&-; echo $?; " + program +
                     " run other -v -- true <&- >&- 2>&-; echo $?; sleep 1; " + program + " list"));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, ::testing::StartsWith("74\n0\n")) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("job"));
}

TEST_F(Loss, CommandThatIgnoresTermIsKilled) {
  for (const Arguments& guardian : {Arguments{}, Arguments{"--allow-orphan"}}) {
    std::filesystem::remove(path("term"));
    std::filesystem::remove(path("command"));
    Arguments options{"--ttl", "1500ms"};
    options.insert(options.end(), guardian.begin(), guardian.end());
    const auto process = start(under_lock("job", options, ignores_term));
    const pid_t command = pid_in("command");
    remove_record();
    EXPECT_EQ(process->wait().exit_code, 79);
    EXPECT_EQ(file_text(path("term")), "term\n");
    EXPECT_FALSE(is_running(command));
  }
}

TEST_F(Loss, ChildThatIgnoresTermIsKilledAfterItsParentEnded) {
  const auto process = start(under_lock("job", {"--ttl", "1500ms"}, with_background_child));
  const pid_t child = pid_in("child");
  pid_in("command");
  remove_record();
  EXPECT_EQ(process->wait().exit_code, 79);
  EXPECT_FALSE(is_running(child));
}

TEST_F(Loss, SignalSendsTermOnly) {
  const auto process =
      start(under_lock("job", {"--ttl", "1500ms", "--on-lost", "signal"},
                       "trap 'echo term' TERM; echo $$ > $FOLDER/command; "
                       "until [ -e $FOLDER/go ]; do sleep 0.02; done; echo finished"));
  pid_in("command");
  remove_record();
  process->wait_for_out("term");
  // It still runs after a full hold of another process.
  EXPECT_EQ(command({"run", "job", "--ttl", "600ms", "--", "sleep", "1"}).exit_code, 0);
  std::ofstream(path("go")) << "go";
  const Ended ended = process->wait();
  EXPECT_EQ(ended.out, "term\nfinished\n");
  EXPECT_EQ(ended.exit_code, 79);
}

TEST_F(Loss, IgnoreOnlyChangesTheExitCode) {
  const auto process =
      start(under_lock("job", {"--ttl", "1500ms", "--on-lost", "ignore"},
                       "trap 'echo term' TERM; echo $$ > $FOLDER/command; "
                       "until [ -e $FOLDER/go ]; do sleep 0.02; done; echo finished"));
  pid_in("command");
  remove_record();
  EXPECT_EQ(command({"run", "job", "--ttl", "600ms", "--", "sleep", "1"}).exit_code, 0);
  std::ofstream(path("go")) << "go";
  const Ended ended = process->wait();
  EXPECT_EQ(ended.out, "finished\n");
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("--on-lost=ignore"));
}

TEST_F(Loss, RecordThatIsMissingAtTheReleaseIsALoss) {
  const auto process = start(under_lock(
      "job", {"--ttl", "100s"}, "echo ready; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  process->wait_for_out("ready");
  remove_record();
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(process->wait().exit_code, 79) << "33 seconds before the next refresh";
}

// A holder that was stopped for longer than its ttl, while another process took the lock.
class Stopped : public Loss {
 protected:
  void expect_successor_undisturbed(const Arguments& options);
};

void Stopped::expect_successor_undisturbed(const Arguments& options) {
  Arguments first{"--ttl", "1s"};
  first.insert(first.end(), options.begin(), options.end());
  const auto holder = start(under_lock("job", first, ends_on_term));
  const pid_t old_command = pid_in("command");
  holder->stop();
  const auto successor =
      start(under_lock("job", {"--ttl", "60s"},
                       "echo $EXCLUSIVE_LOCK_OWNER; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  successor->wait_for_out("-");
  const std::string before = command({"inspect", "job"}).out;
  holder->signal(SIGCONT);
  const Ended ended = holder->wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("lost job"));
  EXPECT_FALSE(is_running(old_command));
  const std::string after = command({"inspect", "job"}).out;
  EXPECT_THAT(after, HasSubstr(successor->out().substr(0, 49))) << before;
  EXPECT_FALSE(successor->has_ended());
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(successor->wait().exit_code, 0);
}

TEST_F(Stopped, HolderDetectsTheLossAndLeavesItsSuccessorAlone) {
  expect_successor_undisturbed({});
}

TEST_F(Stopped, HolderWithAllowedOrphansLeavesItsSuccessorAlone) {
  expect_successor_undisturbed({"--allow-orphan"});
}

TEST_F(Stopped, CommandEndsBeforeTheNextOneStarts) {
  const auto holder = start(under_lock("job", {"--ttl", "1s"}, with_background_child));
  const pid_t old_command = pid_in("command");
  const pid_t old_child = pid_in("child");
  holder->stop();
  // A process with a pending KILL does nothing more, though it may have to wait for a core.
  const std::string probe =
      "for pid in " + std::to_string(old_command) + " " + std::to_string(old_child) +
      "; do if grep -q '^State:.[^ZX]' /proc/$pid/status && "
      "! grep -q '^SigPnd:.*1..$' /proc/$pid/status; then echo $pid runs; fi; done; echo looked";
  EXPECT_EQ(command(under_lock("job", {}, probe)).out, "looked\n");
  holder->signal(SIGCONT);
  EXPECT_EQ(holder->wait().exit_code, 79);
}

// The hold ends because the server dies.
class ServerLoss : public Loss {
 protected:
  void SetUp() override { store_ = server_.url(); }
  live::Server server_;
};

TEST_F(ServerLoss, CommandEndsBeforeTheHold) {
  constexpr std::chrono::milliseconds ttl(1500);
  const auto process = start(under_lock("job", {"--ttl", "1500ms"}, ignores_term));
  const pid_t command = pid_in("command");
  server_.kill();
  // No refresh was requested after this instant, so the hold ends by then (G1).
  const Instant over = BootClock::now() + ttl * 99 / 100;
  wait_until([&] { return !is_running(command); }, "the end of the command");
  EXPECT_LT(BootClock::now(), over);
  const Ended ended = process->wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("it was not refreshed in time"));
  EXPECT_EQ(file_text(path("term")), "term\n") << "TERM came first";
}

TEST_F(ServerLoss, CommandEndsBeforeTheHoldOnAFrozenServerWithoutAGuardian) {
  const auto process =
      start(under_lock("job", {"--ttl", "1500ms", "--allow-orphan"}, ignores_term));
  const pid_t command = pid_in("command");
  server_.pause();
  const Instant over = BootClock::now() + std::chrono::milliseconds(1485);
  wait_until([&] { return !is_running(command); }, "the end of the command");
  EXPECT_LT(BootClock::now(), over);
  server_.resume();
  EXPECT_EQ(process->wait().exit_code, 79);
}

TEST_F(ServerLoss, RestartWithoutDataIsALossAndWritesNoRecord) {
  const auto holder = start(under_lock("job", {"--ttl", "3s"}, ends_on_term));
  const pid_t old_command = pid_in("command");
  server_.kill();
  server_.restart(live::ServerData::lost);
  const Ended ended = holder->wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_FALSE(is_running(old_command));
  EXPECT_TRUE(is_free("job")) << "the record was not written again";
}

TEST_F(ServerLoss, StoppedHolderLeavesItsSuccessorAloneAfterARestartWithoutData) {
  const auto holder = start(under_lock("job", {"--ttl", "1s"}, ends_on_term));
  const pid_t old_command = pid_in("command");
  holder->stop();
  server_.kill();
  server_.restart(live::ServerData::lost);
  const auto successor =
      start(under_lock("job", {"--ttl", "60s"},
                       "echo $EXCLUSIVE_LOCK_OWNER; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  successor->wait_for_out("-");
  holder->signal(SIGCONT);
  EXPECT_EQ(holder->wait().exit_code, 79);
  EXPECT_FALSE(is_running(old_command));
  EXPECT_THAT(command({"inspect", "job"}).out, HasSubstr(successor->out().substr(0, 49)));
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(successor->wait().exit_code, 0);
}

TEST_F(ServerLoss, ShortOutageIsNoLoss) {
  live::Server persistent({.persistent = true});
  store_ = persistent.url();
  const auto holder =
      start(under_lock("job", {"--ttl", "20s", "--refresh", "100ms"},
                       "echo $$ > $FOLDER/command; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  pid_in("command");
  persistent.kill();
  persistent.restart(live::ServerData::kept);
  // The lock is refreshed again.
  const auto remaining = [this] {
    const Ended ended = command({"inspect", "job"});
    return ended.exit_code == 0 && ended.out.find("ttl       20 s, 19.") != std::string::npos;
  };
  wait_until(remaining, "a refresh after the outage");
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(holder->wait().exit_code, 0);
}

TEST_F(ServerLoss, UnreachableStoreExitsWith69) {
  server_.kill();
  const Ended ended =
      command(under_lock("job", {"--no-wait", "--connect-timeout", "300ms"}, "echo ran"));
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("exclusive-lock: "));
  EXPECT_THAT(ended.err, HasSubstr("cannot connect"));
  // std::system_error's own text would repeat the message.
  EXPECT_THAT(ended.err, Not(HasSubstr(make_error_code(errc::store_unavailable).message())));
}

TEST_F(ServerLoss, ReleaseWithoutReplyIsReported) {
  const auto holder =
      start(under_lock("job", {"--ttl", "100s", "--command-timeout", "200ms"},
                       "echo ready; until [ -e $FOLDER/go ]; do sleep 0.02; done; exit 3"));
  holder->wait_for_out("ready");
  server_.pause();
  std::ofstream(path("go")) << "go";
  const Ended ended = holder->wait();
  EXPECT_EQ(ended.exit_code, 3) << "the command's own";
  EXPECT_THAT(ended.err,
              HasSubstr("did not answer the release of job; it is free after 1 min 40 s"));
  server_.resume();
}

}  // namespace
}  // namespace exclusive_lock::cli_test
