// What one that waits costs the others, and what a push costs that does not come, on real servers
// and as a user sees it. Times are bounded where something else than what is promised would take
// longer.

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "conformance/api/async_worker.hpp"
#include "conformance/queue_faults.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;
using live::EntryField;

INSTANTIATE_TEST_SUITE_P(Servers, QueueFaults, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

// Handed over to one that does not know of it yet and gives up now.
class CrossedGrant : public QueueFaults {
 protected:
  ExclusiveLock holder{job::options(direct())};
  Options crossing_options = job::options(through_proxy());

  CrossedGrant() { crossing_options.label = "crossing"; }

  // `give_up` ends the waiting of the first in line, whose lock is not `held` afterwards.
  void crosses(const std::function<void()>& give_up) {
    ASSERT_TRUE(all_have_beaten(1));
    Waiting next(job::options(direct()));
    ASSERT_TRUE(comes_true([&] { return waiting() == 2; }));
    ASSERT_TRUE(all_have_beaten(2));
    proxy.hold(faults::Way::to_client);
    const Instant released_at = BootClock::now();
    EXPECT_EQ(holder.release(), ReleaseOutcome::released);
    EXPECT_EQ(holder_label(), "crossing");
    give_up();
    EXPECT_TRUE(next.result());
    EXPECT_LT(next.held_at() - released_at, a_heartbeat_or_so) << "the grant was not given back";
    proxy.heal();  // now it hears of it
    EXPECT_EQ(waiting(), 0);
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, CrossedGrant, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(CrossedGrant, IsGivenBackByOneThatIsStopped) {
  ASSERT_TRUE(holder.acquire());
  Waiting crossing(crossing_options);
  crosses([&] {
    crossing.stop();
    EXPECT_FALSE(crossing.result());
  });
  EXPECT_TRUE(crossing.lock().acquire_for(a_heartbeat_or_so));
}

TEST_P(CrossedGrant, IsGivenBackByOneThatIsCancelled) {
  ASSERT_TRUE(holder.acquire());
  ExclusiveLock crossing(crossing_options);
  asio::io_context io;
  asio::cancellation_signal signal;
  std::optional<boost::system::error_code> error;
  async_acquire_for(crossing, very_long,
                    asio::bind_cancellation_slot(
                        signal.slot(), asio::bind_executor(io, [&](boost::system::error_code told,
                                                                   bool) { error = told; })));
  crosses([&] {
    signal.emit(asio::cancellation_type::total);
    EXPECT_TRUE(run_to_the_end(io));
  });
  EXPECT_EQ(error, boost::system::error_code(asio::error::operation_aborted));
  EXPECT_TRUE(crossing.acquire_for(a_heartbeat_or_so));
}

// A heartbeat comes once a second; a grant that nobody hears of lives for three.
TEST_P(QueueFaults, PushThatIsLostCostsOneHeartbeat) {
  ExclusiveLock holder(job::options(direct()));
  ASSERT_TRUE(holder.acquire());
  Waiting waiter(job::options(through_proxy(), 6s));
  ASSERT_TRUE(all_have_beaten(1));
  proxy.drop_push();
  const Instant released_at = BootClock::now();
  holder.release();
  EXPECT_TRUE(waiter.result());
  EXPECT_LT(waiter.held_at() - released_at, a_heartbeat_or_so);
  EXPECT_EQ(proxy.strikes(), 1) << "the push was not lost";
}

TEST_P(QueueFaults, SubscriptionThatIsKilledCostsOneHeartbeat) {
  ExclusiveLock holder(job::options(direct()));
  ASSERT_TRUE(holder.acquire());
  Waiting waiter(job::options(direct(), 6s));
  ASSERT_TRUE(all_have_beaten(1));
  live::RawClient client = server.client();
  client.must({"CLIENT", "KILL", "TYPE", "pubsub"});
  const Instant released_at = BootClock::now();
  holder.release();
  EXPECT_TRUE(waiter.result());
  EXPECT_LT(waiter.held_at() - released_at, a_heartbeat_or_so);
}

// At place 2 it counts as alive for four intervals; beside another waiter of its connection for
// three, so that both cost one hand-over where their process is frozen.
TEST_P(QueueFaults, WaiterIsSparseWhileItIsTheOnlyOneOfItsConnection) {
  const auto longest_alive = [this] {
    live::RawClient client = server.client();
    int longest_ms = 0;
    for (const std::string& entry : live::entries_in(client, job::queue_at)) {
      longest_ms = std::max(longest_ms, std::stoi(live::text_in(entry, EntryField::alive_ms)));
    }
    return longest_ms;
  };
  ExclusiveLock holder(job::options(direct()));
  ASSERT_TRUE(holder.acquire());
  Waiting first(job::options(direct(), 1200ms));
  ASSERT_TRUE(comes_true([&] { return waiting() == 1; }));
  const auto connection = direct();
  Waiting second(job::options(connection, 1200ms));
  EXPECT_TRUE(comes_true([&] { return longest_alive() == 800; }));
  {
    Waiting beside_it(job::options(connection, 1200ms));
    EXPECT_TRUE(comes_true([&] { return waiting() == 3 && longest_alive() == 600; }));
  }
  EXPECT_TRUE(comes_true([&] { return longest_alive() == 800; }));
}

// Five looks a second instead of one heartbeat: so five waits, released at once each, are not five
// seconds.
TEST_P(QueueFaults, WithoutTheRightToSubscribeItLooksFiveTimesASecondAndSaysSoOnce) {
  server.client().must({"ACL", "SETUSER", "locker", "reset", "on", ">secret", "+@all", "-subscribe",
                        "~exclusive-lock:*", "~{exclusive-lock:*"});
  std::ostringstream said;
  ConnectOptions options = patient();
  options.log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said));
  auto connection =
      connect("redis://locker:secret@127.0.0.1:" + std::to_string(server.port()), options);
  ExclusiveLock holder(job::options(direct()));
  Milliseconds waited{0};
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(holder.acquire());
    Waiting waiter(job::options(connection));
    ASSERT_TRUE(comes_true([&] { return waiting() == 1; }));
    const Instant released_at = BootClock::now();
    holder.release();
    EXPECT_TRUE(waiter.result());
    waited += std::chrono::duration_cast<Milliseconds>(waiter.held_at() - released_at);
  }
  EXPECT_LT(waited, 3s);
  EXPECT_EQ(subscriptions(), 0U);
  connection.reset();  // nobody writes there any more
  const std::string text = said.str();
  EXPECT_NE(text.find("does not notify waiters of hand-overs"), std::string::npos) << text;
  EXPECT_EQ(text.find("does not notify waiters of hand-overs"),
            text.rfind("does not notify waiters of hand-overs"));
}

}  // namespace
}  // namespace exclusive_lock::conformance
