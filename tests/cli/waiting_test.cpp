// Messages of a waiting run without a terminal, and the wait for a store that is away.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "cli/environment.hpp"
#include "cli/output/talk.hpp"
#include "cli/output/wait_line.hpp"
#include "cli/pacing.hpp"
#include "exclusive_lock/connection.hpp"
#include "live/fake_redis.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* time_pattern = "[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9.]+Z ";

class Waiting : public CommandTest {
 protected:
  std::unique_ptr<Process> hold() const {
    auto holder =
        start(under_lock("job", {}, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
    holder->wait_for_out("held");
    return holder;
  }
  void signal_go() const { std::ofstream(path("go")) << "go"; }
};

TEST_F(Waiting, WithoutATerminalReportsHolderPlaceAndStoreAtTheStart) {
  const auto holder = hold();
  const auto waiter = start(under_lock("job", {}, "true"));
  waiter->wait_for_err("waiting for job");
  signal_go();
  const Ended ended = waiter->wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.err, ContainsRegex("^exclusive-lock: " + std::string(time_pattern) +
                                       "waiting for job: held by "));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("process " + std::to_string(holder->pid())),
                               HasSubstr("; place 1 in line, waited "),
                               HasSubstr("; store local://" + path("store"))));
}

TEST_F(Waiting, QuietSaysNothingButErrors) {
  const auto holder = hold();
  const auto waiter = start(under_lock("job", {"--quiet", "--wait", "700ms"}, "true"));
  const Ended ended = waiter->wait();
  EXPECT_EQ(ended.exit_code, 124);
  EXPECT_THAT(ended.err, IsEmpty());
  EXPECT_THAT(command({"run", "job", "-q", "-n", "--", "true"}).err, IsEmpty());
  signal_go();
  const Ended wrong = command({"run", "job", "--quiet", "--", "/missing"});
  EXPECT_EQ(wrong.exit_code, 127);
  EXPECT_THAT(wrong.err, HasSubstr("cannot run \"/missing\""));
  EXPECT_THAT(command({"inspect", "job", "-q"}).out, HasSubstr("job is free"));
}

TEST_F(Waiting, FreeLockCausesNoMessage) {
  EXPECT_THAT(command({"run", "job", "--", "true"}).err, IsEmpty());
}

// At boot, a machine may be ready before the server or the network.
TEST_F(Waiting, StoreThatIsAwayAtTheStartIsWaitedFor) {
  live::Server server;
  store_ = server.url();
  server.kill();
  const auto waiter = start({"run", "job", "--connect-timeout", "100ms", "--", "echo", "ran"});
  waiter->wait_for_err("waiting for the store of job");
  const auto limited = start({"acquire", "job-2", "--wait", "60s", "--connect-timeout", "100ms"});
  limited->wait_for_err("waiting for the store of job-2");
  server.restart(live::ServerData::lost);
  const Ended ended = waiter->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "ran\n");
  EXPECT_EQ(ended.err.find("waiting for the store"), ended.err.rfind("waiting for the store"))
      << "reported once a minute: " << ended.err;
  EXPECT_EQ(limited->wait().exit_code, 0);
}

TEST_F(Waiting, RepeatedAttemptsAreReportedOnce) {
  const live::FakeRedis loading([](const std::vector<std::string>&) {
    return std::string("-LOADING Redis is loading the dataset in memory\r\n");
  });
  store_ = "redis://127.0.0.1:" + std::to_string(loading.port());
  const auto waiter = start({"run", "job", "--connect-timeout", "100ms", "--", "true"});
  // More connections than fit into one connect timeout of 100 ms.
  wait_until([&] { return loading.connections() > 20; }, "many tries");
  waiter->signal(SIGTERM);
  const std::string err = waiter->wait().err;
  EXPECT_THAT(err, HasSubstr("waiting for the store of job"));
  EXPECT_EQ(err.find("waiting for the store"), err.rfind("waiting for the store")) << err;
}

TEST_F(Waiting, TimeToWaitBoundsTheFirstContact) {
  const live::FakeRedis silent([](const std::vector<std::string>&) { return std::string(); });
  store_ = "redis://127.0.0.1:" + std::to_string(silent.port());
  const Ended ended =
      command({"run", "job", "--wait", "300ms", "--connect-timeout", "10m", "--", "true"});
  EXPECT_EQ(ended.exit_code, 69);
}

// Otherwise each of them would last for an hour.
TEST_F(Waiting, NoWaitInspectAndListFailAtOnceWhereTheStoreIsAway) {
  live::Server server;
  store_ = server.url();
  server.kill();
  for (const Arguments& arguments :
       {Arguments{"run", "job", "--no-wait", "--", "true"}, Arguments{"acquire", "job", "-n"},
        Arguments{"inspect", "job"}, Arguments{"list"}}) {
    Arguments all = arguments;
    all.insert(all.begin(), {"--connect-timeout", "1h"});
    const Ended ended = command(all);
    EXPECT_EQ(ended.exit_code, 69) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("cannot connect")) << ended.err;
  }
}

TEST_F(Waiting, StoreThatStaysAwayIsAnErrorAfterTheWait) {
  live::Server server;
  store_ = server.url();
  server.kill();
  const Ended ended = command({"run", "job", "--wait", "300ms", "--", "true"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("is the store running"));
}

TEST_F(Waiting, NoWaitDoesNotWaitForTheStoreEither) {
  live::Server server;
  store_ = server.url();
  server.kill();
  for (const Arguments& arguments :
       {Arguments{"run", "job", "--no-wait", "--", "true"},
        Arguments{"run", "job", "--wait", "0s", "--", "true"}, Arguments{"acquire", "job", "-n"}}) {
    Arguments all = arguments;
    all.insert(all.begin(), {"--connect-timeout", "100ms"});
    const Ended ended = command(all);
    EXPECT_EQ(ended.exit_code, 69);
    EXPECT_THAT(ended.err, Not(HasSubstr("waiting for")));
  }
}

TEST_F(Waiting, SignalEndsTheWaitForTheStore) {
  live::Server server;
  store_ = server.url();
  server.kill();
  const auto waiter = start({"run", "job", "--connect-timeout", "100ms", "--", "true"});
  waiter->wait_for_err("waiting for the store of job");
  waiter->signal(SIGTERM);
  EXPECT_EQ(waiter->wait().exit_code, 128 + SIGTERM);
}

// Waiting does not help if a person has to act.
TEST_F(Waiting, PermanentFailureIsAnErrorAtOnce) {
  const live::Server server({.arguments = {"--requirepass", "secret"}});
  store_ = server.url();
  EXPECT_EQ(command({"run", "job", "--", "true"}).exit_code, 69);
  EXPECT_EQ(command({"run", "job", "--", "true"}, {{"EXCLUSIVE_LOCK_CREDENTIALS", "x"}}).exit_code,
            69);
  const live::FakeRedis replica([](const std::vector<std::string>& words) {
    return words[0] == "HELLO" ? live::FakeRedis::greeting("replica")
                               : live::FakeRedis::healthy(words);
  });
  store_ = "redis://127.0.0.1:" + std::to_string(replica.port());
  const Ended ended = command({"run", "job", "--", "true"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("replica"));
  // A local store has no server to wait for.
  std::ofstream(path("file")) << "x";
  store_ = "local://" + path("file") + "/store";
  const Ended local = command({"run", "job", "--wait", "2s", "--", "true"});
  EXPECT_EQ(local.exit_code, 69);
  EXPECT_THAT(local.err, Not(HasSubstr("waiting for the store")));
}

TEST(EveryMinute, IsDueAtFirstAndThenOnceAMinute) {
  using namespace std::chrono_literals;
  cli::EveryMinute report;
  const Instant start{100h};
  EXPECT_TRUE(report.is_due(start));
  EXPECT_FALSE(report.is_due(start + 59s));
  EXPECT_TRUE(report.is_due(start + 60s));
  EXPECT_FALSE(report.is_due(start + 119s));
  EXPECT_TRUE(report.is_due(start + 200s));
}

// The report of once a minute, with a shorter interval.
TEST_F(Waiting, LineIsRepeatedUntilTheWaitIsOver) {
  const std::string file = path("lines");
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_NE(descriptor, -1);
  char* none = nullptr;
  const cli::Environment environment(&none);
  cli::Talk talk(cli::Terminal(descriptor, environment));
  const auto store = connect("memory:");
  ExclusiveLock holder({.app_name = "job", .cache_connection = store});
  ASSERT_TRUE(holder.acquire());
  ExclusiveLock lock({.app_name = "job", .cache_connection = store});
  const auto lines = [&] {
    const std::string text = file_text(file);
    return std::count(text.begin(), text.end(), '\n');
  };
  using namespace std::chrono_literals;
  {
    cli::WaitLine line(lock, "job", "memory:", talk,
                       {.before_first = 1ms, .between_drawings = 1h, .between_lines = 5ms});
    wait_until([&] { return lines() >= 3; }, "three lines");
    line.end();
  }
  const auto at_the_end = lines();
  EXPECT_EQ(lines(), at_the_end);
  EXPECT_THAT(file_text(file), HasSubstr("waiting for job: held by "));
  ::close(descriptor);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
