// run --once-per and --min-hold. G12.

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "cli/command_fixture.hpp"
#include "live/fake_redis.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class OncePer : public CommandTest {
 protected:
  [[nodiscard]] static Arguments once(const std::string& script, Arguments more = {}) {
    more.insert(more.begin(), {"--once-per", "1h"});
    return under_lock("job", std::move(more), script);
  }
  // Starts a run that works until the file `go` exists.
  [[nodiscard]] std::unique_ptr<Process> worker(const std::string& then,
                                                Arguments more = {}) const {
    auto works = start(once("echo working; until [ -e $FOLDER/go ]; do sleep 0.02; done; " + then,
                            std::move(more)));
    works->wait_for_out("working");
    return works;
  }
  [[nodiscard]] std::unique_ptr<Process> waiter() const {
    auto waits = start(once("echo ran", {"--wait", "60s"}));
    wait_until(
        [&] {
          return command({"inspect", "job", "--json"}).out.find(R"("waiting":1)") !=
                 std::string::npos;
        },
        "a waiter");
    return waits;
  }
  void signal_go() const { std::ofstream(path("go")) << "go"; }
  void expect_runs() const {
    const Ended ended = command(once("echo ran", {"--wait", "60s"}));
    EXPECT_EQ(ended.out, "ran\n") << ended.err;
    EXPECT_EQ(ended.exit_code, 0);
  }
  void expect_skips() const {
    const Ended ended = command(once("echo ran"));
    EXPECT_THAT(ended.out, IsEmpty());
    EXPECT_THAT(ended.err,
                MatchesRegex("exclusive-lock: [^ ]+ skipped job: done, begun .* ago by .*, process "
                             "[0-9]+, sh; it runs once per 1 h\n"));
    EXPECT_EQ(ended.exit_code, 0);
  }
};

TEST_F(OncePer, SecondHostFindsItDoneAndIsSkipped) {
  expect_runs();
  expect_skips();
  expect_skips();
  EXPECT_TRUE(is_free("job"));
}

TEST_F(OncePer, SkippedRunHasTheRequestedExitCode) {
  expect_runs();
  EXPECT_EQ(command(once("echo ran", {"--skip-exit-code", "9"})).exit_code, 9);
}

TEST_F(OncePer, RunsAgainWhenThePeriodIsOver) {
  const auto ran = [&] {
    return command(under_lock("job", {"--once-per", "400ms"}, "echo ran")).out == "ran\n";
  };
  EXPECT_TRUE(ran());
  wait_until(ran, "the next period");
}

TEST_F(OncePer, ToleranceLetsItRunEarlier) {
  expect_runs();
  EXPECT_EQ(command(once("echo ran", {"--tolerance", "1h"})).out, "ran\n");
}

TEST_F(OncePer, FailureIsNotRecorded) {
  EXPECT_EQ(command(once("exit 3")).exit_code, 3);
  EXPECT_EQ(command(once("kill -9 $$")).exit_code, 128 + SIGKILL);
  expect_runs();
}

TEST_F(OncePer, LossIsNotRecorded) {
  const std::string release = std::string(EXCLUSIVE_LOCK_COMMAND) + " release job --force --yes";
  EXPECT_EQ(command(once(release)).exit_code, 79);
  expect_runs();
}

TEST_F(OncePer, HoldThatWasEndedIsNotRecorded) {
  EXPECT_EQ(
      command(once("trap 'exit 0' TERM; while :; do sleep 0.02; done", {"--max-hold", "100ms"}))
          .exit_code,
      80);
  expect_runs();
}

TEST_F(OncePer, CrashIsNotRecorded) {
  const auto works = worker("true");
  works->signal(SIGKILL);
  static_cast<void>(works->wait());
  expect_runs();
}

TEST_F(OncePer, WaiterFindsItDoneAndIsSkipped) {
  const auto works = worker("true");
  const auto waits = waiter();
  signal_go();
  const Ended ended = waits->wait();
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err, HasSubstr("skipped job: done"));
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(OncePer, WaiterRunsItAfterAFailure) {
  const auto works = worker("exit 1");
  const auto waits = waiter();
  signal_go();
  EXPECT_EQ(waits->wait().out, "ran\n");
  EXPECT_EQ(works->wait().exit_code, 1);
  expect_skips();
}

TEST_F(OncePer, WithoutAWaitItIsBusyWhileAnotherRuns) {
  const auto works = worker("true");
  EXPECT_EQ(command(once("echo ran", {"--no-wait"})).exit_code, 75);
}

TEST_F(OncePer, RunsWithoutItNeitherCountNorAreBlocked) {
  EXPECT_EQ(command(under_lock("job", {}, "echo ran")).out, "ran\n");
  expect_runs();
  EXPECT_EQ(command(under_lock("job", {}, "echo ran")).out, "ran\n");
}

TEST_F(OncePer, InspectAndListSayWhenItWasDone) {
  EXPECT_EQ(
      command({"inspect", "job", "--json"}).out,
      "{\"name\":\"job\",\"held\":false,\"last_done\":null,\"store\":\"" + local_store() + "\"}\n");
  EXPECT_EQ(command(once("true", {"--label", "hourly"})).exit_code, 0);
  const std::string done =
      R"("last_done":\{"began":"[^"]*Z","ended":"[^"]*Z","age_ms":[0-9]+,"owner":"[0-9a-f-]+",)"
      R"("fence":[0-9]+,"host":"[^"]*","pid":[0-9]+,"label":"hourly","user":"[^"]*","program":"sh"\})";
  const std::string free = R"(\{"name":"job","held":false,)" + done;
  EXPECT_THAT(command({"inspect", "job", "--json"}).out, MatchesRegex(free + ".*\n"));
  EXPECT_THAT(
      command({"inspect", "job"}).out,
      MatchesRegex(
          "job is free in .*\n  last done by .*process [0-9]+, sh \\(hourly\\), begun .*\n"));
  EXPECT_THAT(command({"list", "--json"}).out, MatchesRegex("\\[\n" + free + "\\}\n\\]\n"));
  EXPECT_EQ(command({"list", "x*", "--json"}).out, "[]\n");
  const std::string inside = std::string(EXCLUSIVE_LOCK_COMMAND) + " list --json; " +
                             EXCLUSIVE_LOCK_COMMAND + " inspect job";
  const Ended held = command({"run", "job", "--", "sh", "-c", inside});
  EXPECT_THAT(held.out, HasSubstr(R"("held":true)"));
  EXPECT_THAT(held.out, HasSubstr(R"("label":"hourly")"));
  EXPECT_THAT(held.out, HasSubstr("last done by"));
}

TEST_F(OncePer, ForgottenRunRunsAgain) {
  expect_runs();
  const Ended ended = command({"release", "job", "--force", "--forget"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.err, HasSubstr("forgot when job was last done"));
  expect_runs();
  EXPECT_EQ(command({"release", "job", "--forget"}).exit_code, 64);
}

TEST_F(OncePer, MistakesInTimesAreRefused) {
  for (const Arguments& wrong :
       {Arguments{"--tolerance", "1m"}, Arguments{"--skip-exit-code", "1"},
        Arguments{"--once-per", "0s"}, Arguments{"--once-per", "1h", "--tolerance", "2h"},
        Arguments{"--min-hold", "8d"}, Arguments{"--once-per", "1h", "--skip-exit-code", "256"}}) {
    const Ended ended = command(under_lock("job", wrong, "echo ran"));
    EXPECT_EQ(ended.exit_code, 64) << ended.err;
    EXPECT_THAT(ended.out, IsEmpty());
    EXPECT_THAT(ended.err, HasSubstr(wrong[wrong.size() - 2]));
  }
}

// The check of the mark waits for the store as acquiring does.
TEST_F(OncePer, CheckWaitsForAStoreThatIsLoading) {
  const live::FakeRedis loading([](const std::vector<std::string>& words) {
    return words.at(0) == "EVALSHA" || words.at(0) == "EVAL"
               ? "-LOADING Redis is loading the dataset in memory\r\n"
               : live::FakeRedis::healthy(words);
  });
  store_ = "redis://127.0.0.1:" + std::to_string(loading.port());
  const auto waits = start(once("echo ran", {"--wait", "60s"}));
  waits->wait_for_err("waiting for the store of job");
  waits->signal(SIGTERM);
  EXPECT_EQ(waits->wait().exit_code, 128 + SIGTERM);
  EXPECT_EQ(command(once("echo ran", {"--no-wait"})).exit_code, 69);
}

class OncePerOnServer : public OncePer, public testing::WithParamInterface<live::ServerKind> {
 protected:
  void SetUp() override { store_ = server_.url(); }
  live::Server server_{{.kind = GetParam()}};
};

TEST_P(OncePerOnServer, SecondHostIsSkippedAndTheNextRunsWhatFailed) {
  EXPECT_EQ(command(once("exit 3")).exit_code, 3);
  expect_runs();
  expect_skips();
  EXPECT_THAT(command({"list", "--json"}).out, HasSubstr(R"("last_done":{"began")"));
  EXPECT_EQ(command({"release", "job", "--force", "--forget"}).exit_code, 0);
  expect_runs();
}

TEST_P(OncePerOnServer, RunThatTheStoreRefusesToRecordSaysSo) {
  const auto works = worker("true");
  server_.client().must({"ACL", "SETUSER", "default", "-set"});
  signal_go();
  const Ended ended = works->wait();
  EXPECT_EQ(ended.exit_code, 0) << "the job has succeeded";
  EXPECT_THAT(ended.err, HasSubstr("the store refused to record that job was done"));
  server_.client().must({"ACL", "SETUSER", "default", "+set"});
  EXPECT_TRUE(is_free("job")) << "and the lock is released";
  expect_runs();
}

INSTANTIATE_TEST_SUITE_P(Servers, OncePerOnServer, testing::ValuesIn(live::servers_to_test()),
                         [](const auto& each) { return std::string(name_of(each.param)); });

class MinHold : public OncePer {
 protected:
  void expect_closed() const {
    const Ended ended = command(under_lock("job", {"--no-wait"}, "echo ran"));
    EXPECT_EQ(ended.exit_code, 75);
    EXPECT_EQ(ended.out, "");
  }
};

TEST_F(MinHold, NameStaysClosedWhenTheCommandHasEnded) {
  EXPECT_EQ(command(under_lock("job", {"--min-hold", "1h"}, "echo ran")).out, "ran\n");
  expect_closed();
  EXPECT_THAT(command(under_lock("job", {"--no-wait"}, "true")).err,
              HasSubstr(", which has ended; --min-hold keeps it for "));
  EXPECT_THAT(command({"inspect", "job"}).out, HasSubstr("job is closed\n"));
  EXPECT_THAT(command({"inspect", "job", "--json"}).out, HasSubstr(R"("closed":true)"));
  EXPECT_EQ(command({"release", "job", "--force", "--yes"}).exit_code, 0);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(MinHold, NameStaysClosedAfterAFailure) {
  EXPECT_EQ(command(under_lock("job", {"--min-hold", "1h"}, "exit 4")).exit_code, 4);
  expect_closed();
}

TEST_F(MinHold, NameStaysClosedAfterACrash) {
  const auto works = worker("true", {"--min-hold", "1h"});
  works->signal(SIGKILL);
  static_cast<void>(works->wait());
  expect_closed();
}

TEST_F(MinHold, NameOpensAfterACrashWhenMinHoldHasPassed) {
  const auto works = worker("true", {"--min-hold", "1s", "--ttl", "3s"});
  works->signal(SIGKILL);
  static_cast<void>(works->wait());
  EXPECT_EQ(command(under_lock("job", {"--wait", "60s"}, "echo ran")).out, "ran\n");
}

TEST_F(MinHold, WaiterWhoseWaitEndsFirstFindsItDone) {
  const auto works = worker("true", {"--min-hold", "1h"});
  auto waits = start(once("echo ran", {"--wait", "3s"}));
  signal_go();
  EXPECT_EQ(works->wait().exit_code, 0);
  const Ended ended = waits->wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.err, HasSubstr("skipped job: done"));
}

TEST_F(MinHold, NameOpensWhenMinHoldHasPassed) {
  EXPECT_EQ(command(under_lock("job", {"--min-hold", "300ms"}, "echo ran")).out, "ran\n");
  EXPECT_EQ(command(under_lock("job", {"--wait", "60s"}, "echo ran")).out, "ran\n");
}

TEST_F(MinHold, RunThatIsSkippedClosesNothing) {
  expect_runs();
  EXPECT_EQ(command(once("echo ran", {"--min-hold", "1h"})).out, "");
  EXPECT_TRUE(is_free("job"));
}

TEST_F(MinHold, RunThatIsRecordedClosesTheNameToo) {
  EXPECT_EQ(command(once("echo ran", {"--min-hold", "1h"})).out, "ran\n");
  expect_closed();
  expect_skips();
}

}  // namespace
}  // namespace exclusive_lock::cli_test
