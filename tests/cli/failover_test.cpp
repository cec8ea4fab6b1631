// A waiting command while its server fails over behind one address.

#include <gmock/gmock.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "live/failover_address.hpp"
#include "live/queue_entries.hpp"

namespace exclusive_lock::cli_test {
namespace {

using live::FailoverKind;
using testing::HasSubstr;

class CommandInAFailover : public CommandTest {
 protected:
  CommandInAFailover() { store_ = address_.url(); }

  std::unique_ptr<Process> start_holder() const {
    auto holder = start(under_lock("job", {"--ttl", "30s"},
                                   "echo $$ > $FOLDER/holder; "
                                   "until [ -e $FOLDER/leave ]; do sleep 0.02; done"));
    pid_in("holder");
    return holder;
  }
  void wait_for_waiter() {
    wait_until(
        [this] {
          auto client = address_.old_master().client();
          return live::count_entries(client, "{exclusive-lock:job}:queue") == 1;
        },
        "a waiter");
  }

  live::FailoverAddress address_{live::ServerKind::redis};
};

TEST_F(CommandInAFailover, WaitsUntilTheFailoverIsOver) {
  const auto holder = start_holder();
  const auto waiter = start(under_lock("job", {"--wait", "60s"}, "echo ran"));
  wait_for_waiter();
  const int before = address_.connections();
  address_.fail_over(FailoverKind::command);
  wait_until([&] { return address_.connections() > before; }, "tries to connect");
  address_.redirect();
  std::ofstream(path("leave")) << "now";
  const Ended held = holder->wait();
  EXPECT_EQ(held.exit_code, 0) << held.err;
  const Ended waited = waiter->wait();
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_EQ(waited.out, "ran\n");
}

// The address still leads to the old master, which is a replica now.
TEST_F(CommandInAFailover, EndsWith69IfTheFailoverOutlastsTheWait) {
  const auto holder = start_holder();
  const auto waiter = start(under_lock("job", {"--wait", "3s"}, "echo ran"));
  wait_for_waiter();
  address_.fail_over(FailoverKind::command);
  const Ended waited = waiter->wait();
  EXPECT_EQ(waited.exit_code, 69) << waited.err;
  EXPECT_THAT(waited.err, HasSubstr("replica"));
  EXPECT_EQ(waited.out, "");
  address_.redirect();
  std::ofstream(path("leave")) << "now";
  EXPECT_EQ(holder->wait().exit_code, 0);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
