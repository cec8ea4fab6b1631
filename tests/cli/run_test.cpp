// run: what the command gets and returns.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"
#include "live/test_certificates.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class Run : public CommandTest {
 protected:
  // Starts a process that holds `name` until the file `go` exists.
  std::unique_ptr<Process> hold(const std::string& name, const Arguments& options = {}) const {
    auto holder =
        start(under_lock(name, options, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
    holder->wait_for_out("held");
    return holder;
  }
  void signal_go() const { std::ofstream(path("go")) << "go"; }
};

TEST_F(Run, ExitCodeIsThatOfTheCommand) {
  for (const int code : {0, 1, 42, 255}) {
    EXPECT_EQ(command(under_lock("job", {}, "exit " + std::to_string(code))).exit_code, code);
  }
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Run, ExitCodeIs128AndTheSignalThatEndsTheCommand) {
  for (const int signal : {SIGTERM, SIGKILL, SIGINT, SIGUSR1}) {
    const Ended ended = command(under_lock("job", {}, "kill -" + std::to_string(signal) + " $$"));
    EXPECT_EQ(ended.exit_code, 128 + signal);
  }
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Run, InputAndOutputBelongToTheCommand) {
  Invocation all = invocation({"run", "job", "--", "sh", "-c", "cat; echo problem >&2"});
  all.input = "from stdin";
  const Ended ended = run(std::move(all));
  EXPECT_EQ(ended.out, "from stdin");
  EXPECT_EQ(ended.err, "problem\n") << "exclusive-lock itself prints nothing";
}

TEST_F(Run, ArgumentsReachTheCommandUntouched) {
  const Ended ended =
      command({"run", "job", "--", "printf", "<%s>", "a b", "$(id)", "[x]", "", "--", "-n", "*"});
  EXPECT_EQ(ended.out, "<a b><$(id)><[x]><><--><-n><*>");
}

TEST_F(Run, EnvironmentLargerThanASocketBufferReachesTheCommand) {
  Variables variables;
  for (int i = 0; i < 10; ++i) {
    variables.emplace_back("LARGE" + std::to_string(i), std::string(100'000, 'x'));
  }
  EXPECT_EQ(command(under_lock("job", {}, "env | grep -c '^LARGE.*xxx$'"), variables).out, "10\n");
}

TEST_F(Run, FactsOfTheHoldAreInTheEnvironment) {
  const Ended ended = command(
      under_lock("a job", {},
                 "echo $EXCLUSIVE_LOCK_NAME; echo $EXCLUSIVE_LOCK_KEY; echo $EXCLUSIVE_LOCK_OWNER; "
                 "echo $EXCLUSIVE_LOCK_FENCE; echo $EXCLUSIVE_LOCK_SAFE_UNTIL_MS; cut -d' ' -f1 "
                 "/proc/uptime"));
  EXPECT_THAT(ended.out,
              MatchesRegex(
                  "a job\nexclusive-lock:a%20job\n[0-9a-f]+-[0-9a-f]+\n[0-9]+\n[0-9]+\n[0-9.]+\n"));
}

// The options of exclusive-lock reach the command only through its environment.
TEST_F(Run, CommandUsesTheSameStoreThroughItsEnvironment) {
  const Ended ended =
      command({"run", "job", "--store", "local://" + path("other"), "--key-prefix", "mine", "--",
               "sh", "-c", "\"$0\" inspect $EXCLUSIVE_LOCK_NAME; printenv EXCLUSIVE_LOCK_STORE",
               EXCLUSIVE_LOCK_COMMAND});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("key       mine:job\n"));
  EXPECT_THAT(ended.out, HasSubstr("\nlocal://" + path("other") + "\n"));
}

TEST_F(Run, CommandTrustsTheSameCertificatesThroughItsEnvironment) {
  const live::Certificate authority = live::make_authority("test authority");
  const live::Certificate certificate = live::issue(authority, {.hosts = "IP:127.0.0.1"});
  certificate.write_certificate(path("server.crt"));
  certificate.write_key(path("server.key"));
  authority.write_certificate(path("authority.crt"));
  const live::Server server(
      {.transport = live::ServerTransport::tls,
       .arguments = {"--tls-cert-file", path("server.crt"), "--tls-key-file", path("server.key"),
                     "--tls-ca-cert-file", path("authority.crt"), "--tls-auth-clients", "no"}});
  const Ended ended =
      command({"run", "job", "--store", "rediss://127.0.0.1:" + std::to_string(server.port()),
               "--ca-file", path("authority.crt"), "--", "sh", "-c",
               "\"$0\" inspect job; printenv EXCLUSIVE_LOCK_CA_FILE", EXCLUSIVE_LOCK_COMMAND});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("job is held"));
  EXPECT_THAT(ended.out, HasSubstr("\n" + path("authority.crt") + "\n"));
}

TEST_F(Run, StoreOptionIgnoresTheOtherStoreVariables) {
  const Ended ended = command({"acquire", "job", "--store", "local://" + path("other"), "--json"},
                              {{"EXCLUSIVE_LOCK_KEY_PREFIX", "mine"},
                               {"EXCLUSIVE_LOCK_CREDENTIALS_FILE", "/missing"},
                               {"EXCLUSIVE_LOCK_CA_FILE", "/missing"}});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\"key\":\"exclusive-lock:job\""));
}

TEST_F(Run, SafeUntilIsOnTheBootClock) {
  const Ended ended = command(
      under_lock("job", {"--ttl", "100s"}, "echo $EXCLUSIVE_LOCK_SAFE_UNTIL_MS; cat /proc/uptime"));
  std::istringstream lines(ended.out);
  double safe_until_ms = 0;
  double uptime = 0;
  lines >> safe_until_ms >> uptime;
  // /proc/uptime is CLOCK_BOOTTIME. The rest is 99 % of the ttl, less the time that the command
  // took to start.
  EXPECT_GT(safe_until_ms / 1000 - uptime, 30.0);
  EXPECT_LT(safe_until_ms / 1000 - uptime, 99.1);
}

TEST_F(Run, FencesGrow) {
  long long last = 0;
  for (int i = 0; i < 3; ++i) {
    const long long fence =
        std::stoll(command(under_lock("job", {}, "echo $EXCLUSIVE_LOCK_FENCE")).out);
    EXPECT_GT(fence, last);
    last = fence;
  }
}

TEST_F(Run, MissingCommandExitsWith127AndReleases) {
  const Ended ended = command({"run", "job", "--", "no-such-program-anywhere"});
  EXPECT_EQ(ended.exit_code, 127);
  EXPECT_THAT(ended.err, HasSubstr("cannot run \"no-such-program-anywhere\": not found"));
  EXPECT_THAT(command({"run", "job", "--", ""}).err,
              HasSubstr("cannot run \"\": its name is empty"));
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Run, UnstartableCommandExitsWith126AndReleases) {
  std::ofstream(path("data")) << "no program";
  const Ended ended = command({"run", "job", "--", path("data")});
  EXPECT_EQ(ended.exit_code, 126);
  EXPECT_THAT(ended.err, HasSubstr("Permission denied; the lock was released"));
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Run, NoWaitIsBusyAndNamesTheHolder) {
  const auto holder = hold("job", {"--label", "nightly"});
  for (const Arguments& once :
       {Arguments{"--no-wait"}, Arguments{"-n"}, Arguments{"--wait", "0s"}}) {
    const Ended ended = command(under_lock("job", once, "echo ran"));
    EXPECT_EQ(ended.exit_code, 75);
    EXPECT_THAT(ended.out, IsEmpty());
    EXPECT_THAT(ended.err, HasSubstr("job is held by "));
    EXPECT_THAT(ended.err,
                HasSubstr("process " + std::to_string(holder->pid()) + ", sh (nightly), for "));
  }
}

TEST_F(Run, ExpiredWaitExitsWith124) {
  const auto holder = hold("job");
  const Ended ended = command(under_lock("job", {"--wait", "150ms"}, "echo ran"));
  EXPECT_EQ(ended.exit_code, 124);
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err, HasSubstr("gave up after 150 ms"));
}

TEST_F(Run, ConflictExitCodeReplacesBoth) {
  const auto holder = hold("job");
  EXPECT_EQ(
      command(under_lock("job", {"--no-wait", "--conflict-exit-code", "0"}, "true")).exit_code, 0);
  EXPECT_EQ(command(under_lock("job", {"--wait", "50ms", "-E", "9"}, "true")).exit_code, 9);
}

TEST_F(Run, WaitsForTheLockWithoutALimitByDefault) {
  const auto holder = hold("job");
  const auto limited = start(under_lock("job", {"--wait", "60s"}, "echo ran"));
  const auto unlimited = start(under_lock("job", {}, "echo ran"));
  EXPECT_THAT(limited->out(), IsEmpty());
  signal_go();
  EXPECT_EQ(limited->wait().out, "ran\n");
  EXPECT_EQ(unlimited->wait().out, "ran\n");
}

TEST_F(Run, WaitForTheEnclosingHoldIsRefused) {
  const std::string again = std::string(EXCLUSIVE_LOCK_COMMAND) + " run job ";
  for (const char* const options : {"", "--wait 50ms "}) {
    const Ended ended = command(under_lock("job", {}, again + options + "-- true"));
    EXPECT_EQ(ended.exit_code, 64);
    EXPECT_THAT(ended.err, HasSubstr("waiting for it would never end"));
  }
  const std::string acquire = std::string(EXCLUSIVE_LOCK_COMMAND) + " acquire job";
  EXPECT_EQ(command(under_lock("job", {}, acquire)).exit_code, 64);
  EXPECT_EQ(command(under_lock("job", {}, again + "--no-wait -- true")).exit_code, 75)
      << "--no-wait does not wait";
  EXPECT_EQ(command(under_lock("other", {}, again + "-- true")).exit_code, 0);
}

TEST_F(Run, WaitForAnyEnclosingHoldIsRefused) {
  const std::string lock = EXCLUSIVE_LOCK_COMMAND;
  for (const std::string wait : {"", " --wait 1h"}) {
    const Ended ended = command(under_lock(
        "a", {}, lock + " run b -- " + lock + " run c -- " + lock + " run a" + wait + " -- true"));
    EXPECT_EQ(ended.exit_code, 64);
    EXPECT_THAT(ended.err, HasSubstr("a is held by an enclosing exclusive-lock run"));
  }
}

TEST_F(Run, NamesThatLookLikeOptionsAndShellCode) {
  for (const std::string& name :
       {std::string("--force"), std::string("-h"), std::string("a b"), std::string("$(touch x)"),
        std::string("a\nb"), std::string("\xff"), std::string(512, 'n')}) {
    const Ended ended =
        command({"run", "--no-wait", "--", name, "--", "printenv", "EXCLUSIVE_LOCK_NAME"});
    EXPECT_EQ(ended.out, name + "\n");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(command({"inspect", "--", name}).exit_code, 1);
  }
}

TEST_F(Run, DifferentNamesAndPrefixesAreDifferentLocks) {
  const auto holder = hold("job");
  EXPECT_EQ(command(under_lock("Job", {"--no-wait"}, "true")).exit_code, 0);
  EXPECT_EQ(command(under_lock("job", {"--no-wait", "--key-prefix", "other"}, "true")).exit_code,
            0);
}

TEST_F(Run, StoreMayStandBeforeOrAfter) {
  const auto holder = hold("job");
  const std::string other = "local://" + path("other");
  EXPECT_EQ(command({"--store", other, "run", "job", "-n", "--", "true"}).exit_code, 0);
  EXPECT_EQ(command({"run", "job", "-n", "--store=" + other, "--", "true"}).exit_code, 0);
  EXPECT_EQ(command({"run", "job", "-n", "-s", local_store(), "--", "true"},
                    {{"EXCLUSIVE_LOCK_STORE", other}})
                .exit_code,
            75);
}

TEST_F(Run, ContentsAndLabelAreShownToOthers) {
  const auto holder =
      hold("job", {"--contents", R"({"shard": 7})", "--label", "blue", "--ttl", "20s"});
  const Ended ended = command({"inspect", "job"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.out, HasSubstr(R"({"shard": 7})"));
  EXPECT_THAT(ended.out, HasSubstr("(blue)"));
  EXPECT_THAT(ended.out, HasSubstr("ttl       20 s"));
}

TEST_F(Run, HoldOutlastsItsTtlWhileTheCommandRuns) {
  const auto holder = hold("job", {"--ttl", "600ms"});
  const Ended ended = command(under_lock("job", {"--wait", "1500ms"}, "echo ran"));
  EXPECT_EQ(ended.exit_code, 124);
  EXPECT_FALSE(holder->has_ended());
  signal_go();
  EXPECT_EQ(holder->wait().exit_code, 0);
}

TEST_F(Run, MaxHoldSendsTermAndThenKill) {
  const Ended term =
      command(under_lock("job", {"--max-hold", "100ms"},
                         "trap 'echo term; exit 0' TERM; while :; do sleep 0.02; done"));
  EXPECT_EQ(term.exit_code, 80);
  EXPECT_EQ(term.out, "term\n");
  EXPECT_THAT(term.err, HasSubstr("held for longer than --max-hold 100 ms"));
  const Ended killed = command(under_lock("job", {"--max-hold", "100ms", "--grace", "50ms"},
                                          "trap '' TERM; while :; do sleep 0.02; done"));
  EXPECT_EQ(killed.exit_code, 80);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(Run, MaxHoldKillsChildrenThatOutliveTheirParent) {
  const auto process = start(under_lock("job", {"--max-hold", "300ms", "--grace", "200ms"},
                                        "(trap '' TERM; sh -c 'echo $PPID' > $FOLDER/child; "
                                        "while :; do sleep 0.02; done) & wait"));
  const pid_t child = pid_in("child");
  EXPECT_TRUE(is_running(child));
  EXPECT_EQ(process->wait().exit_code, 80);
  EXPECT_FALSE(is_running(child));
}

TEST_F(Run, GraceThatIsTooLongForTheTtlIsRefused) {
  const Ended ended = command(under_lock("job", {"--ttl", "3s", "--grace", "2s"}, "true"));
  EXPECT_EQ(ended.exit_code, 64);
  EXPECT_THAT(ended.err, HasSubstr("--grace is 2 s; allowed: up to 1568ms"));
  EXPECT_EQ(command(under_lock("job", {"--ttl", "3s", "--grace", "1568ms"}, "true")).exit_code, 0);
  EXPECT_EQ(command(under_lock("job", {"--grace", "2s", "--ttl", "10s"}, "true")).exit_code, 0);
  EXPECT_EQ(command(under_lock("job", {"--grace", "0s"}, "true")).exit_code, 0);
}

TEST_F(Run, RefreshAndShortTtlAreChecked) {
  EXPECT_EQ(command(under_lock("job", {"--ttl", "3s", "--refresh", "2500ms"}, "true")).exit_code,
            0);
  EXPECT_EQ(command(under_lock("job", {"--ttl", "3s", "--refresh", "2501ms"}, "true")).exit_code,
            64);
  EXPECT_EQ(command(under_lock("job", {"--ttl", "200ms"}, "true")).exit_code, 64);
  EXPECT_EQ(command(under_lock("job", {"--ttl", "200ms", "--allow-short-ttl"}, "true")).exit_code,
            0);
  EXPECT_EQ(command(under_lock("job", {"--ttl", "8d"}, "true")).exit_code, 64);
}

// Ten times the library's default, so that a busy machine does not lose a lock (docs/cli.md).
TEST_F(Run, TtlIsThirtySecondsRefreshedEveryThird) {
  EXPECT_THAT(command({"run", "job", "--", EXCLUSIVE_LOCK_COMMAND, "inspect", "job", "--json"}).out,
              HasSubstr("\"ttl_ms\":30000"));
  const auto grace_limit = [this](Arguments options) {
    options.insert(options.end(), {"--grace", "1h"});
    const std::string text = command(under_lock("job", std::move(options), "true")).err;
    return text.substr(std::min(text.find("--grace"), text.size()),
                       text.find('\n') - text.find("--grace"));
  };
  // The limit of the grace follows from ttl and refresh.
  EXPECT_EQ(grace_limit({}), grace_limit({"--ttl", "30s", "--refresh", "10s"}));
  EXPECT_EQ(grace_limit({"--ttl", "12s"}), grace_limit({"--ttl", "12s", "--refresh", "4s"}));
  EXPECT_THAT(grace_limit({}), HasSubstr("--grace is 1 h"));
}

TEST_F(Run, VerboseWritesToStderrOnly) {
  const Ended ended = command({"run", "job", "--verbose", "--", "echo", "result"});
  EXPECT_EQ(ended.out, "result\n");
  EXPECT_THAT(ended.err, HasSubstr("Z info: "));
  EXPECT_THAT(ended.err, HasSubstr("acquired"));
  EXPECT_THAT(ended.err, HasSubstr("released"));
}

TEST_F(Run, NoProcessIsLeftBehind) {
  const Ended ended =
      command(under_lock("job", {}, "echo $PPID; cat /proc/$PPID/task/$PPID/children"));
  std::istringstream pids(ended.out);
  int processes = 0;
  for (pid_t pid = 0; pids >> pid; ++processes) {
    EXPECT_FALSE(is_running(pid));
  }
  EXPECT_EQ(processes, 2) << "the guardian and the job";
}

TEST_F(Run, CommandInheritsTheStandardDescriptorsOnly) {
  const Ended ended = command({"run", "job", "--", "ls", "/proc/self/fd"});
  EXPECT_EQ(ended.out, "0\n1\n2\n3\n") << "ls itself has opened 3";
}

TEST_F(Run, FileSizeLimitIsAnErrorAndNotASignal) {
  Invocation limited = invocation(
      {"-c", std::string("ulimit -f 0; exec ") + EXCLUSIVE_LOCK_COMMAND + " run job -- true"});
  limited.program = "/bin/sh";
  const Ended ended = run(std::move(limited));
  EXPECT_EQ(ended.signal, 0);
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("File too large"));
}

TEST_F(Run, SignalMaskAndActionsAreInherited) {
  const Ended bare = run(Invocation{.arguments = {"-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"},
                                    .program = "/bin/grep"});
  const Ended under =
      command({"run", "job", "--", "grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"});
  EXPECT_EQ(under.out, bare.out);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
