// What one that waits costs the others, on real servers and as a user sees it. Times are bounded
// where something else than what is promised would take longer.

#include "conformance/queue_faults.hpp"
#include "conformance/api/async_worker.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

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
    EXPECT_LT(next.held_at() - released_at, a_beat_or_so) << "the grant was not given back";
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
  EXPECT_TRUE(crossing.lock().acquire_for(a_beat_or_so));
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
  EXPECT_TRUE(crossing.acquire_for(a_beat_or_so));
}

}  // namespace
}  // namespace exclusive_lock::conformance
