// Those that go past who waits (docs/decisions/0011-barging.md), on servers that are full, and
// where somebody else has been at the keys; and what it costs the server.

#include <cmath>

#include "live/redis_queue.hpp"

namespace exclusive_lock::live {
namespace {

using namespace queue;

class Barging : public Queue {
 protected:
  Answer<AttemptReply> barge(const Owner& owner, std::size_t pass_count) {
    AttemptRequest request = requester.request(key, owner);
    request.barging_limit = pass_count;
    return requester.attempt_answer(std::move(request));
  }
  AttemptReplyStatus outcome_of_barging(const Owner& owner, std::size_t pass_count) {
    return reply_in(barge(owner, pass_count)).outcome;
  }
  // How many grants have gone past those who wait, by what is kept.
  std::string pass_count() {
    const std::string kept = client.must({"ZSCORE", queue_at, "pass_count"}).text;
    return kept.empty() ? "" : std::to_string(std::lround(std::stod(kept) * 1048576));
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Barging, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(Barging, FullMemoryKeepsNobodyFromLeavingItFree) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  requester.heartbeat(key, waiters[0]);
  client.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  client.must({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(requester.release(key, first, 2), ReleaseReplyStatus::released);
  EXPECT_FALSE(holder());
  EXPECT_TRUE(is_failure(failure_in(barge(new_owner(), 2)), errc::store_out_of_memory));
  EXPECT_FALSE(holder());
  EXPECT_EQ(pass_count(), "") << "nothing was written";
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester.release(key, waiters[0], 2), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.heartbeat(key, waiters[1]).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester.release(key, waiters[1], 2), ReleaseReplyStatus::released);
  expect_nothing_left(client);
}

TEST_P(Barging, ForeignKeysKeepNobodyFromReleasing) {
  const Owner first = new_owner();
  queue_up(1, first);
  client.must({"SET", queue_at, "a stranger's"});
  EXPECT_EQ(requester.release(key, first, 2), ReleaseReplyStatus::released);
  EXPECT_FALSE(holder());
  EXPECT_EQ(client.text({"GET", queue_at}), "a stranger's");
}

TEST_P(Barging, WhatIsNoNumberIsNoStreak) {
  for (const std::string no_number : {"0", "1e-9", "0.3", "-inf", "inf", "-0.5"}) {
    queue_up(1, new_owner());
    client.must({"DEL", key});
    client.must({"ZADD", queue_at, no_number, "pass_count"});
    const Owner barger = new_owner();
    EXPECT_EQ(outcome_of_barging(barger, 1), AttemptReplyStatus::granted) << no_number;
    EXPECT_EQ(pass_count(), "1") << no_number;
    client.must({"FLUSHALL"});
  }
}

TEST_P(Barging, OneReleaseLooksAtSixteenOfTheDeadThoughTheStreakIsUsedUp) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  for (int i = 0; i < 20; ++i) {
    AttemptRequest dead = requester.patient_request(key, new_owner());
    dead.wait_options->alive_for = std::chrono::milliseconds(1);
    requester.attempt_answer(dead);
  }
  client.must({"ZADD", queue_at, "9.5367431640625e-07", "pass_count"});  // 1 / 2^20
  let_pass(std::chrono::milliseconds(2));
  EXPECT_EQ(requester.release(key, first, 1), ReleaseReplyStatus::released);
  EXPECT_EQ(waiting(), 4);
  EXPECT_FALSE(holder());
}

TEST_P(Barging, EntryWithoutItsDataIsNotNudged) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(3, first);
  damage(0, EntryField::alive_ms, "");
  damage(1, EntryField::heard_us, "rubbish");
  EXPECT_EQ(requester.release(key, first, 1), ReleaseReplyStatus::released);
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(requester.heartbeat(key, waiters[2]).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(client.integer({"EXISTS", queue_at, waiters_at}), 0);
}

TEST_P(Barging, RecordWithoutAFenceIsReleasedToo) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  client.must({"SET", key, R"({"owner":")" + owner_text(first) + R"(","since_us":1})"});
  EXPECT_EQ(requester.release(key, first, 1), ReleaseReplyStatus::released);
  EXPECT_FALSE(holder());
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::granted);
}

TEST_P(Barging, WhereNobodyWaitsItCostsNothing) {
  const auto cost_of = [&](std::size_t pass_count) {
    const Owner owner = new_owner();
    return commands_of(client, [&] {
      EXPECT_EQ(outcome_of_barging(owner, pass_count), AttemptReplyStatus::granted);
      EXPECT_EQ(requester.release(key, owner, pass_count), ReleaseReplyStatus::released);
    });
  };
  cost_of(0);  // all scripts are there, and the fence
  EXPECT_EQ(cost_of(5), cost_of(0));
}

}  // namespace
}  // namespace exclusive_lock::live
