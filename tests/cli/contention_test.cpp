// Twenty processes at once, on both kinds of store.

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

constexpr int workers = 20;

enum class Kind { local, redis };

class Contention : public CommandTest, public ::testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::redis) {
      server_.emplace();
      store_ = server_->url();
    }
  }
  std::vector<std::unique_ptr<Process>> start_all(const Arguments& options,
                                                  const std::string& script) const {
    std::vector<std::unique_ptr<Process>> all;
    for (int i = 0; i < workers; ++i) {
      all.push_back(start(under_lock("demo", options, script)));
    }
    return all;
  }

  std::optional<live::Server> server_;
};

TEST_P(Contention, OneHolderAtATimeAndFencesGrow) {
  const auto all = start_all({"--wait", "60s"},
                             "echo in $EXCLUSIVE_LOCK_FENCE >> $FOLDER/log; sleep 0.05; "
                             "echo out $EXCLUSIVE_LOCK_FENCE >> $FOLDER/log");
  for (const auto& process : all) {
    const Ended ended = process->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }
  std::istringstream log(file_text(path("log")));
  long long last_fence = 0;
  for (int i = 0; i < workers; ++i) {
    std::string in;
    std::string out;
    long long fence_in = 0;
    long long fence_out = 0;
    log >> in >> fence_in >> out >> fence_out;
    ASSERT_EQ(in + out, "inout") << "two holders at once, at entry " << i;
    EXPECT_EQ(fence_in, fence_out);
    EXPECT_GT(fence_in, last_fence);
    last_fence = fence_in;
  }
  std::string rest;
  EXPECT_FALSE(log >> rest);
}

TEST_P(Contention, NoWaitOneAcquiresAndNineteenAreBusy) {
  const auto all =
      start_all({"--no-wait"}, "echo won; until [ -e $FOLDER/go ]; do sleep 0.02; done");
  const auto count_ended = [&] {
    return std::count_if(all.begin(), all.end(),
                         [](const auto& process) { return process->has_ended(); });
  };
  wait_until([&] { return count_ended() == workers - 1; }, "nineteen busy workers");
  std::ofstream(path("go")) << "go";
  int winners = 0;
  int busy = 0;
  for (const auto& process : all) {
    const Ended ended = process->wait();
    winners += ended.exit_code == 0 && ended.out == "won\n" ? 1 : 0;
    busy += ended.exit_code == 75 && ended.out.empty() ? 1 : 0;
  }
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(busy, workers - 1);
}

// The waiter is stopped, so that it does not react to its wake-up. For 3 s the store counts it as
// alive.
TEST_P(Contention, BargingPassesAWaiter) {
  const auto holder =
      start(under_lock("demo", {"--barging", "1"}, "until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  wait_until([&] { return !is_free("demo"); }, "a holder");
  const auto waiter = start({"run", "demo", "--ttl", "60s", "--", "true"});
  const auto is_waited_for = [&] {
    return command({"inspect", "demo", "--json"}).out.find(R"("waiting":1)") != std::string::npos;
  };
  wait_until(is_waited_for, "a waiter");
  waiter->stop();
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(holder->wait().exit_code, 0);
  EXPECT_EQ(command({"run", "demo", "--no-wait", "--barging", "1", "--", "true"}).exit_code, 0);
  waiter->signal(SIGCONT);
  EXPECT_EQ(waiter->wait().exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(On, Contention, ::testing::Values(Kind::local, Kind::redis),
                         [](const auto& info) {
                           return info.param == Kind::local ? "Local" : "Redis";
                         });

}  // namespace
}  // namespace exclusive_lock::cli_test
