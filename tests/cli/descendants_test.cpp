// All descendants of the job end before the release, also those outside its process group
// (docs/decisions/0018-run-ends-every-descendant.md).

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/escapees.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Descendants : public EscapeesTest {};

TEST_F(Descendants, EndBeforeTheReleaseAfterMaxHold) {
  const auto process = start_escapees({"--max-hold", "2s", "--grace", "200ms"});
  EXPECT_EQ(process->wait().exit_code, 80);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Descendants, EndAfterMaxHoldWhereTheJobEndsAtOnce) {
  const Ended ended =
      command(under_lock("job", {"--max-hold", "1s"},
                         "timeout 60 sh -c 'echo $$ > $FOLDER/timeout; exec sleep 30'; :"));
  EXPECT_EQ(ended.exit_code, 80);
  EXPECT_FALSE(is_running(pid_in("timeout")));
}

TEST_F(Descendants, EndWhenTheRecordIsRemoved) {
  const auto process = start_escapees({"--ttl", "1500ms"});
  ASSERT_EQ(command({"release", "job", "--force", "--yes"}).exit_code, 0);
  const Ended ended = process->wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_THAT(ended.err, HasSubstr("the command was ended"));
}

TEST_F(Descendants, EndWhenTheServerIsGone) {
  live::Server server;
  store_ = server.url();
  const auto process = start_escapees({"--ttl", "2s"});
  server.kill();
  EXPECT_EQ(process->wait().exit_code, 79);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(Descendants, EndWithASignalThatWasPassedOn) {
  const auto process = start_escapees({"--grace", "200ms"});
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGTERM);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Descendants, EndWhereTheJobCleansUpAfterTermAndExits) {
  const auto process =
      start_escapees({"--grace", "200ms"}, "trap 'exit 0' TERM; while :; do sleep 0.02; done");
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait().exit_code, 0);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(Descendants, EndWhereTheJobExitsWithTheSignalsCode) {
  const auto process =
      start_escapees({"--grace", "200ms"}, "trap 'exit 129' HUP; while :; do sleep 0.02; done");
  process->signal(SIGHUP);
  EXPECT_EQ(process->wait().exit_code, 129);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(Descendants, EndWhereTheJobCrashes) {
  const auto process = start_escapees({"--grace", "200ms"},
                                      "until [ -e $FOLDER/go ]; do sleep 0.02; done; kill -9 $$");
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(process->wait().exit_code, 128 + SIGKILL);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(Descendants, AreGivenTheGraceToCleanUp) {
  const auto process = start(
      under_lock("job", {"--max-hold", "1s", "--ttl", "60s", "--grace", "20s"},
                 "setsid sh -c 'trap \"sleep 0.1; echo > $FOLDER/cleaned; exit\" TERM; echo ready; "
                 "while :; do sleep 0.02; done'"));
  process->wait_for_out("ready");
  EXPECT_EQ(process->wait().exit_code, 80);
  EXPECT_TRUE(exists(path("cleaned")));
}

TEST_F(Descendants, ThatAreStoppedAreContinuedToCleanUp) {
  const auto process =
      start(under_lock("job", {"--max-hold", "1s", "--ttl", "60s", "--grace", "20s"},
                       "setsid sh -c 'trap \"echo > $FOLDER/cleaned; exit\" TERM; echo ready; "
                       "kill -STOP $$'"));
  process->wait_for_out("ready");
  EXPECT_EQ(process->wait().exit_code, 80);
  EXPECT_TRUE(exists(path("cleaned")));
}

// In a process namespace with the /proc of another namespace, the process ids in it cannot be used.
TEST_F(Descendants, AreReportedWhereProcDoesNotShowThem) {
  Invocation hidden =
      invocation({"--fork", "--pid", "--kill-child", EXCLUSIVE_LOCK_COMMAND, "run", "job",
                  "--max-hold", "1s", "--grace", "50ms", "--", "sh", "-c",
                  "timeout 60 sh -c 'echo > $FOLDER/escaped; exec sleep 300 > /dev/null 2>&1'; :"});
  hidden.program = "/usr/bin/unshare";
  const Ended ended = run(std::move(hidden));
  if (!exists(path("escaped"))) {
    GTEST_SKIP() << "no process namespaces here: " << ended.err;
  }
  EXPECT_EQ(ended.exit_code, 80);
  EXPECT_THAT(ended.err, HasSubstr("a process that /proc does not show"));
  EXPECT_THAT(ended.err, HasSubstr("not all processes could be ended"));
}

// As documented: a job may start a daemon.
TEST_F(Descendants, LiveOnWhereTheJobExitsByItself) {
  const Ended ended = command(under_lock(
      "job", {},
      "exec > /dev/null 2>&1; sh -c 'echo $$ > $FOLDER/background; until [ -e $FOLDER/go ]; do "
      "sleep 0.02; done' & "
      "(setsid sh -c 'echo $$ > $FOLDER/daemon; until [ -e $FOLDER/go ]; do sleep 0.02; done' &); "
      "until [ -s $FOLDER/background ] && [ -s $FOLDER/daemon ]; do sleep 0.02; done; exit 5"));
  EXPECT_EQ(ended.exit_code, 5);
  EXPECT_TRUE(is_free("job"));
  const std::vector<pid_t> pids{pid_in("background"), pid_in("daemon")};
  for (const pid_t pid : pids) {
    EXPECT_TRUE(is_running(pid));
  }
  std::ofstream(path("go")) << "go";
  for (const pid_t pid : pids) {
    wait_until([&] { return !is_running(pid); }, "the end of the background job");
  }
}

// Each process starts the next one in a session of its own, and then either stays or exits at once.
class ForkingOn : public EscapeesTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ForkingOn, AllEndAlthoughTheyContinueToFork) {
  std::ofstream(path("chain.sh")) << "trap '' TERM HUP\necho $$ >> $FOLDER/chain\n"
                                     "[ $1 -lt 200 ] && setsid sh $FOLDER/chain.sh $(($1 + 1)) &\n"
                                  << GetParam() << "\n";
  const Ended ended =
      command(under_lock("job", {"--max-hold", "150ms", "--grace", "0s"},
                         "sh $FOLDER/chain.sh 0 > /dev/null 2>&1 & while :; do sleep 0.02; done"));
  EXPECT_EQ(ended.exit_code, 80);
  EXPECT_THAT(ended.err, Not(HasSubstr("could not be ended")));
  std::istringstream pids(file_text(path("chain")));
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count) {
    EXPECT_FALSE(is_running(pid)) << pid;
  }
  EXPECT_GT(count, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, ForkingOn, ::testing::Values("sleep 300", "exit 0"),
                         [](const auto& info) { return info.index == 0 ? "Staying" : "Exiting"; });

// A program that runs as another user: kill(2) is not permitted.
class OtherUser : public EscapeesTest {
 protected:
  void SetUp() override {
    struct statvfs folder {};
    ::statvfs(folder_.path().c_str(), &folder);
    if (::geteuid() != 0 || (folder.f_flag & ST_NOSUID) != 0) {
      GTEST_SKIP() << "needs root, and a temporary directory that is not mounted nosuid";
    }
    std::filesystem::copy_file("/usr/bin/setpriv", path("become"));
    ::chmod(path("become").c_str(), 04755);
    ASSERT_EQ(::chown(folder_.path().c_str(), other_uid, other_uid), 0);
  }
  [[nodiscard]] Invocation as_other_user(Arguments arguments) const {
    const std::string id = std::to_string(other_uid);
    Arguments all{"--reuid", id, "--regid", id, "--clear-groups", EXCLUSIVE_LOCK_COMMAND};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Invocation changed =
        invocation(std::move(all), {{"PATH", folder_.path().string() + ":/usr/bin:/bin"}});
    changed.program = "/usr/bin/setpriv";
    return changed;
  }
  // `run job OPTIONS...` with a job that runs as root.
  [[nodiscard]] Invocation root_job(const Arguments& options) const {
    Arguments arguments{"run", "job"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(),
                     {"--", "become", "--reuid", "0", "--clear-groups", "sh", "-c",
                      "echo $$ > " + path("root") + "; exec sleep 300 > /dev/null 2>&1"});
    return as_other_user(std::move(arguments));
  }

  static constexpr uid_t other_uid = 65534;
};

TEST_F(OtherUser, IsWarnedAboutAndNamedWhereItCannotBeEnded) {
  const Ended ended = run(root_job({"--max-hold", "1s", "--grace", "50ms"}));
  const pid_t root = pid_in("root");
  EXPECT_EQ(ended.exit_code, 80);
  EXPECT_TRUE(is_running(root));
  ::kill(root, SIGKILL);
  EXPECT_THAT(ended.err, HasSubstr("runs as another user"));
  EXPECT_THAT(ended.err, HasSubstr("may run beside the next holder of job: process " +
                                   std::to_string(root) + " (sleep): Operation not permitted"));
  EXPECT_THAT(ended.err, HasSubstr("not all processes could be ended; the lock was released"));
  EXPECT_THAT(ended.err, HasSubstr("not all processes could be ended; the lock was released"));
}

TEST_F(OtherUser, IsReportedWhereASignalCannotBePassedOn) {
  Process process(root_job({}));
  const pid_t root = pid_in("root");
  process.signal(SIGTERM);
  process.wait_for_err("signal 15 could not be passed on to the command: Operation not permitted");
  ::kill(root, SIGKILL);
  EXPECT_EQ(process.wait().exit_code, 128 + SIGKILL);
}

TEST_F(OtherUser, IsReportedWhereTheTermOfALossIsRefused) {
  Process process(root_job({"--on-lost", "signal"}));
  const pid_t root = pid_in("root");
  run(as_other_user({"release", "job", "--force", "--yes"}));
  process.wait_for_err("signal 15 could not be passed on to the command: Operation not permitted");
  ::kill(root, SIGKILL);
  const Ended ended = process.wait();
  EXPECT_EQ(ended.exit_code, 79);
  EXPECT_THAT(ended.err, HasSubstr("not all of the command could be sent TERM"));
}

TEST_F(OtherUser, IsNotClaimedToBeEndedWhereTheGuardianWasKilled) {
  Process process(root_job({"--grace", "50ms"}));
  const pid_t root = pid_in("root");
  ::kill(guardian_of(process), SIGKILL);
  const Ended ended = process.wait();
  ::kill(root, SIGKILL);
  EXPECT_EQ(ended.exit_code, 70);
  EXPECT_THAT(ended.err, HasSubstr("was killed; not all processes could be ended; the lock"));
}

TEST_F(OtherUser, IsNotWarnedAboutWithoutASetUserIdFile) {
  EXPECT_THAT(run(as_other_user({"run", "job", "--", "true"})).err, IsEmpty());
  EXPECT_THAT(command({"run", "job", "--", path("become"), "true"}).err, IsEmpty())
      << "root may end every process";
}

// Process 1 of a container becomes the parent of every orphan in it.
class ProcessOne : public EscapeesTest {
 protected:
  static bool has_dead_child(pid_t pid) {
    const std::string id = std::to_string(pid);
    std::istringstream children(file_text("/proc/" + id + "/task/" + id + "/children"));
    bool found = false;
    for (pid_t child = 0; children >> child;) {
      found = found || state_of(child) == 'Z';
    }
    return found;
  }
};

TEST_F(ProcessOne, ReapsOrphansOfTheJobAndOfTheContainer) {
  Invocation in_container =
      invocation({"--fork", "--pid", "--mount-proc", "--kill-child", EXCLUSIVE_LOCK_COMMAND, "run",
                  "job", "--", "sh", "-c",
                  "(sleep 0.1 &); echo ready; until [ -e $FOLDER/go ]; do sleep 0.02; done"});
  in_container.program = "/usr/bin/unshare";
  Process process(std::move(in_container));
  wait_until([&] { return process.has_ended() || !process.out().empty(); }, "the job");
  if (process.has_ended()) {
    GTEST_SKIP() << "no process namespaces here: " << process.err();
  }
  const pid_t first = guardian_of(process);  // the child of unshare: the command
  const std::string id = std::to_string(first);
  const pid_t guardian = std::stoi(file_text("/proc/" + id + "/task/" + id + "/children"));
  EXPECT_EQ(
      run(Invocation{.arguments = {"-t", id, "-p", "sh", "-c",
                                   "sh -c 'echo > " + path("orphan") + "; sleep 0.2; echo > " +
                                       path("over") + "' > /dev/null 2>&1 & exit 0"},
                     .program = "/usr/bin/nsenter"})
          .exit_code,
      0);
  wait_until([&] { return exists(path("over")); }, "the end of the orphan");
  wait_until([&] { return !has_dead_child(first) && !has_dead_child(guardian); }, "the reaping");
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(process.wait().exit_code, 0);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
