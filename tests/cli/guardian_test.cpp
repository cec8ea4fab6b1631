// The command or the guardian is killed or stopped: the other one ends all descendants.

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "cli/escapees.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Guardian : public EscapeesTest {
 protected:
  void wait_for_the_end_of_all() const {
    wait_until([this] { return running().empty(); }, "the end of all descendants");
  }
};

TEST_F(Guardian, EndsAllWhenTheCommandIsKilled) {
  const auto process = start_escapees({});
  const pid_t guardian = guardian_of(*process);
  process->signal(SIGKILL);
  wait_for_the_end_of_all();
  wait_until([&] { return !is_running(guardian); }, "the end of the guardian");
}

TEST_F(Guardian, GivesTheGraceWhenTheCommandIsKilled) {
  live::Server server;
  store_ = server.url();
  const auto process = start(
      under_lock("job", {"--ttl", "60s", "--grace", "20s"},
                 "trap 'sleep 0.1; echo > $FOLDER/cleaned; exit' TERM; echo $$ > $FOLDER/job; "
                 "while :; do sleep 0.02; done"));
  const pid_t job = pid_in("job");
  process->signal(SIGKILL);
  wait_until([&] { return !is_running(job); }, "the end of the job");
  EXPECT_TRUE(exists(path("cleaned")));
}

TEST_F(Guardian, SendsKillAtOnceWhereTheStoreFreesTheLockOfADeadProcess) {
  const auto process = start(under_lock("job", {"--ttl", "20s"},
                                        "trap 'echo > $FOLDER/term' TERM; echo $$ > $FOLDER/job; "
                                        "while :; do sleep 0.02; done"));
  const pid_t job = pid_in("job");
  process->signal(SIGKILL);
  wait_until([&] { return !is_running(job); }, "the end of the job");
  EXPECT_FALSE(exists(path("term")));
}

TEST_F(Guardian, OutlivesAKillOfTheCommandsGroup) {
  const auto process = start_escapees({});
  ::kill(-::getpgid(process->pid()), SIGKILL);
  wait_for_the_end_of_all();
}

TEST_F(Guardian, OutlivesEverySignalThatIsNotKill) {
  const auto process = start_escapees({});
  const pid_t guardian = guardian_of(*process);
  for (const int signal :
       {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGTSTP, SIGXCPU, SIGSTKFLT, SIGABRT}) {
    ::kill(guardian, signal);
  }
  // If the guardian had ended, the command would end all descendants.
  EXPECT_EQ(command(under_lock("job", {"--wait", "300ms"}, "true")).exit_code, 124);
  EXPECT_TRUE(is_running(guardian));
  EXPECT_EQ(running().size(), pids_.size());
  process->signal(SIGKILL);
  wait_for_the_end_of_all();
}

// This is how systemd stops a service.
TEST_F(Guardian, EndsAllAfterTermToEveryProcess) {
  const auto process = start_escapees({"--grace", "200ms"});
  std::vector<pid_t> all = pids_;
  all.push_back(guardian_of(*process));
  all.push_back(process->pid());
  for (const pid_t pid : all) {
    ::kill(pid, SIGTERM);
  }
  EXPECT_EQ(process->wait().exit_code, 128 + SIGTERM);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Guardian, IsReplacedByTheCommandWhereItIsKilled) {
  const auto process = start_escapees({"--grace", "200ms"});
  ::kill(guardian_of(*process), SIGKILL);
  const Ended ended = process->wait();
  EXPECT_EQ(ended.exit_code, 70);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_THAT(ended.err, HasSubstr("(lock-guardian) was killed; so the command was ended"));
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Guardian, IsContinuedWhereItIsStopped) {
  const auto process = start_escapees({"--grace", "200ms"});
  const pid_t guardian = guardian_of(*process);
  ::kill(guardian, SIGSTOP);
  wait_until([&] { return state_of(guardian) == 'S'; }, "the continuation");
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGTERM);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(Guardian, KilledWhileTheCommandWaitsIsAnError) {
  const auto holder =
      start(under_lock("job", {}, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  holder->wait_for_out("held");
  const auto waiter = start(under_lock("job", {"--verbose"}, "echo ran"));
  waiter->wait_for_err("local store");
  ::kill(guardian_of(*waiter), SIGKILL);
  std::ofstream(path("go")) << "go";
  const Ended ended = waiter->wait();
  EXPECT_EQ(ended.exit_code, 70);
  EXPECT_THAT(ended.out, Not(HasSubstr("ran")));
  EXPECT_TRUE(is_free("job"));
}

// The command is stopped for longer than its ttl: no descendant runs when the next holder starts.
TEST_F(Guardian, EndsAllBeforeTheNextHolderWhereTheCommandIsStopped) {
  const auto process = start_escapees({"--ttl", "1s"});
  process->stop();
  std::string probe;
  for (const pid_t pid : pids_) {
    // A process with a pending KILL does nothing more, though it may have to wait for a core.
    const std::string id = std::to_string(pid);
    probe += "if grep -q '^State:.[^ZX]' /proc/" + id +
             "/status && ! grep -q '^SigPnd:.*1..$' /proc/" + id + "/status; then echo " + id +
             " runs; fi; ";
  }
  EXPECT_EQ(command(under_lock("job", {}, probe + "echo looked")).out, "looked\n");
  process->signal(SIGCONT);
  EXPECT_EQ(process->wait().exit_code, 79);
}

TEST_F(Guardian, LetsOrphansLiveWhereThatIsAllowed) {
  const auto process = start(under_lock(
      "job", {"--allow-orphan"},
      "exec > /dev/null 2>&1; setsid sh -c 'echo $$ > $FOLDER/session; until [ -e $FOLDER/go ]; do "
      "sleep 0.02; done; echo > $FOLDER/done'; :"));
  const pid_t session = pid_in("session");
  process->signal(SIGKILL);
  process->wait();
  EXPECT_TRUE(is_running(session));
  std::ofstream(path("go")) << "go";
  wait_until([&] { return exists(path("done")); }, "the orphan's work");
}

TEST_F(Guardian, KeepsNoPasswordInItsEnvironment) {
  const auto process = start(under_lock("job", {}, "echo ready; exec sleep 300"),
                             {{"EXCLUSIVE_LOCK_CREDENTIALS", "the-secret"}});
  process->wait_for_out("ready");
  const std::string variables =
      file_text("/proc/" + std::to_string(guardian_of(*process)) + "/environ");
  EXPECT_THAT(variables, HasSubstr("EXCLUSIVE_LOCK_CREDENTIALS=*"));
  EXPECT_THAT(variables, Not(HasSubstr("the-secret")));
  process->signal(SIGTERM);
  process->wait();
}

}  // namespace
}  // namespace exclusive_lock::cli_test
