// What befalls a server with eight that wait on it, or some of them: they are served in their order
// all the same, as far as docs/guarantees.md promises it, and nothing is left behind.

#include <algorithm>

#include "conformance/child_process.hpp"
#include "conformance/queue_faults.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t size = 8;
// Until all are in line again: a try to connect (1.5 s), a pause (2 s), a heartbeat (1 s), and the
// rest.
constexpr Milliseconds back_in_line{8'000};

// Each has another ttl, so that each heartbeats at other times.
Milliseconds ttl_of(std::size_t number) { return 10s - number * 1s; }

std::vector<std::string> keys_of(const live::Server& server) {
  return server.client().texts({"KEYS", "*"});
}

class QueueOfEight : public QueueFaults {
 protected:
  ExclusiveLock holder{job::options(direct())};

  // Behind the holder, in the order of their numbers, on two connections.
  void queue_up(const std::shared_ptr<Connection>& of_the_first,
                const std::shared_ptr<Connection>& of_others, bool first_is_alone) {
    ASSERT_TRUE(holder.acquire());
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_of_the_first = i == 0 || (i % 2 == 0 && !first_is_alone);
      Options options = job::options(is_of_the_first ? of_the_first : of_others, ttl_of(i));
      options.label = std::to_string(i);
      waiters_.push_back(std::make_unique<Waiting>(options, [this, i] { work(i); }));
      ASSERT_TRUE(comes_true([&] { return waiting() == static_cast<std::int64_t>(i) + 1; }));
    }
    ASSERT_TRUE(all_have_beaten(size));
  }
  void queue_up() { queue_up(direct(), direct(), false); }

  [[nodiscard]] std::vector<std::size_t> order() {
    const std::lock_guard guard(mutex_);
    return order_;
  }
  // When somebody had it, and when all others stood behind that one.
  [[nodiscard]] Instant taken_at() {
    EXPECT_TRUE(comes_true([&] { return !order().empty(); }));
    return taken_at_;
  }
  Instant complete_at() {
    EXPECT_TRUE(comes_true([&] { return complete_at_.load() != Instant{}; }));
    return complete_at_;
  }

  void expect_served(const std::vector<std::size_t>& expected) {
    for (const auto& waiter : waiters_) {
      EXPECT_TRUE(waiter->result());
    }
    EXPECT_EQ(order(), expected);
    EXPECT_EQ(keys_of(server), std::vector{job::fence_at});
  }
  // Where nothing was left of the queue, somebody came first; all others by their arrival.
  void expect_one_and_then_all_others_in_order() {
    complete_at();
    std::vector<std::size_t> expected{order().front()};
    for (std::size_t i = 0; i < size; ++i) {
      if (i != expected.front()) {
        expected.push_back(i);
      }
    }
    expect_served(expected);
  }

 private:
  // Whoever is served first stays until all others wait.
  void work(std::size_t number) {
    const bool is_first = [&] {
      const std::lock_guard guard(mutex_);
      order_.push_back(number);
      return order_.size() == 1;
    }();
    if (is_first) {
      taken_at_ = BootClock::now();
      EXPECT_TRUE(comes_true([&] { return waiting() == size - 1; }));
      complete_at_ = BootClock::now();
    }
  }

  std::mutex mutex_;
  std::vector<std::size_t> order_;
  std::atomic<Instant> taken_at_{};
  std::atomic<Instant> complete_at_{};
  std::vector<std::unique_ptr<Waiting>> waiters_;
};

INSTANTIATE_TEST_SUITE_P(Servers, QueueOfEight, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

const std::vector<std::size_t> all_in_order{0, 1, 2, 3, 4, 5, 6, 7};
// The first was passed over, came back, and had its old place.
const std::vector<std::size_t> first_was_passed{1, 0, 2, 3, 4, 5, 6, 7};

TEST_P(QueueOfEight, ComesBackInOrderAfterFlushall) {
  queue_up();
  const Instant flushed_at = BootClock::now();
  server.client().must({"FLUSHALL"});
  EXPECT_LT(taken_at() - flushed_at, a_heartbeat_or_so);
  EXPECT_LT(complete_at() - flushed_at, a_heartbeat_or_so + 1s);
  expect_one_and_then_all_others_in_order();
}

TEST_P(QueueOfEight, DoesNotNoticeScriptFlush) {
  queue_up();
  server.client().must({"SCRIPT", "FLUSH"});
  const Instant released_at = BootClock::now();
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  EXPECT_LT(taken_at() - released_at, a_heartbeat_or_so);
  expect_served(all_in_order);
}

TEST_P(QueueOfEight, KeepsItsOrderOverARestartWithData) {
  queue_up();
  server.restart(live::ServerData::kept);
  const Instant restarted_at = BootClock::now();
  ASSERT_TRUE(all_have_beaten(size));
  EXPECT_LT(BootClock::now() - restarted_at, back_in_line);
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  expect_served(all_in_order);
}

TEST_P(QueueOfEight, ComesBackInOrderAfterARestartWithoutData) {
  queue_up();
  server.restart(live::ServerData::lost);
  const Instant restarted_at = BootClock::now();
  EXPECT_LT(complete_at() - restarted_at, back_in_line);
  expect_one_and_then_all_others_in_order();
}

// Its connection stays open, so the lock is handed over to it; that costs 3 s of its 10.
TEST_P(QueueOfEight, PassesOverAFirstOneThatIsSilentAndGivesItItsPlaceBack) {
  queue_up(through_proxy({}), direct(), true);
  proxy.swallow(faults::Way::to_server);
  proxy.swallow(faults::Way::to_client);
  const Instant released_at = BootClock::now();
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  EXPECT_EQ(holder_label(), "0");
  EXPECT_LT(taken_at() - released_at, 3s + a_heartbeat_or_so);
  proxy.heal();
  const Instant healed_at = BootClock::now();
  EXPECT_LT(complete_at() - healed_at, back_in_line);
  expect_served(first_was_passed);
}

TEST_P(QueueOfEight, PassesOverAFirstOneThatIsCutOffAndGivesItItsPlaceBack) {
  queue_up(through_proxy({}), direct(), true);
  proxy.redirect(1);  // nobody listens there
  proxy.cut();
  ASSERT_TRUE(comes_true([&] { return subscriptions() == 1; }));
  const Instant released_at = BootClock::now();
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  EXPECT_LT(taken_at() - released_at, a_heartbeat_or_so)
      << "3 s are for those that are only silent";
  proxy.redirect(server.port());
  const Instant healed_at = BootClock::now();
  EXPECT_LT(complete_at() - healed_at, back_in_line);
  expect_served(first_was_passed);
}

class KilledQueueOfEight : public testing::TestWithParam<live::ServerKind> {
 protected:
  static constexpr Milliseconds ttl_of_holder{2'000};

  // Before anything has threads, so that children can be made by a bare fork().
  live::Server server{{.kind = GetParam()}};

  Child holds() {
    return Child([this] {
      ExclusiveLock lock(job::options(connect(server.url(), patient()), ttl_of_holder));
      return lock.acquire() ? ::pause() : 1;
    });
  }
  Child waits(std::size_t count) {
    return Child([this, count] {
      const auto connection = connect(server.url(), patient());
      std::vector<std::unique_ptr<Waiting>> waiters;
      while (waiters.size() < count) {
        waiters.push_back(
            std::make_unique<Waiting>(job::options(connection, ttl_of(waiters.size()))));
      }
      return ::pause();
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, KilledQueueOfEight, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(KilledQueueOfEight, LeavesNothingThatStaysAndIsInNobodysWay) {
  Child holder = holds();
  live::RawClient client = server.client();
  ASSERT_TRUE(comes_true([&] { return client.integer({"EXISTS", job::record_at}) == 1; }));
  Child one = waits(size / 2);
  Child other = waits(size / 2);
  ASSERT_TRUE(comes_true([&] { return live::count_entries(client, job::queue_at) == size; }));
  ASSERT_TRUE(all_have_beaten(server, size)) << "one that has no subscription yet costs more";
  for (Child* child : {&one, &other, &holder}) {
    child->send(SIGKILL);
    EXPECT_EQ(child->result(), -SIGKILL);
  }
  const Instant killed_at = BootClock::now();
  EXPECT_EQ(keys_of(server).size(), 3U);
  EXPECT_LE(client.integer({"PTTL", job::record_at}), ttl_of_holder.count());
  for (const std::string& key : keys_of(server)) {
    const std::int64_t ttl_ms = client.integer({"PTTL", key});
    EXPECT_GT(ttl_ms, 0) << key;
    EXPECT_LE(ttl_ms, key == job::fence_at ? 86'400'000 : 60'000) << key;
  }
  {
    // It stands behind eight, so it finds out with a heartbeat of its own: four a second.
    ExclusiveLock next(job::options(connect(server.url(), patient()), 1500ms));
    EXPECT_TRUE(next.acquire_for(very_long));
    EXPECT_LT(BootClock::now() - killed_at, ttl_of_holder + a_heartbeat_or_so);
  }
  EXPECT_EQ(keys_of(server), std::vector{job::fence_at});
}

}  // namespace
}  // namespace exclusive_lock::conformance
