// Entries of a queue that somebody has damaged: they count as dead, whoever meets them, and nobody
// else is worse off for them.

#include "live/redis_queue.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using namespace queue;

std::string id_of(const Owner& owner) { return owner_text(owner).substr(0, 32); }

struct Damage {
  std::string what;
  // Of an entry with that id.
  std::function<std::vector<std::string>(const std::string& id)> command;
};

std::vector<Damage> damages() {
  std::vector<Damage> all;
  const auto field = [&all](const std::string& suffix, const std::string& value) {
    all.push_back({.what = "<id>" + suffix + " is '" + value + "'",
                   .command = [suffix, value](const std::string& id) {
                     return std::vector<std::string>{"HSET", waiters_at, id + suffix, value};
                   }});
  };
  for (const std::string data :
       {"", "rubbish", "0 0 }", "99999999999999999999 0 }", "604800001 0 }", "-1 0 }", "1.5 0 }",
        "5000 9007199254740991 }", "5000 99999999999999999999 }", "5000 -1 }", "5000 0"}) {
    field("", data);
  }
  const std::string ticket = "0000000000000001";
  const std::vector<std::string> texts{"",
                                       "rubbish",
                                       "1 9007199254740991 ",
                                       ticket + " ",
                                       ticket + " 1",
                                       ticket + " 99999999999999999999 ",
                                       ticket + " -1 ",
                                       "00000000000000zz 9007199254740991 ",
                                       "000000000000000A 9007199254740991 "};
  for (const std::string& alive : texts) {
    field(":alive", alive);
  }
  for (const std::string suffix : {"", ":alive", ":rest"}) {
    all.push_back({.what = "<id>" + suffix + " is gone", .command = [suffix](const auto& id) {
                     return std::vector<std::string>{"HDEL", waiters_at, id + suffix};
                   }});
  }
  for (const std::string score : {"-inf", "-5", "1.5"}) {
    all.push_back({.what = "its place is " + score, .command = [score](const auto& id) {
                     return std::vector<std::string>{"ZADD", queue_at, score, id};
                   }});
  }
  return all;
}

class DamagedEntry : public Queue {
 protected:
  void expect_next(const Owner& damaged, const Owner& next) {
    const auto record = asker.inspect(key);
    ASSERT_TRUE(record);
    for (const StoredWaiter& each : record->waiters) {
      EXPECT_TRUE(each.owner == next || each.owner == damaged);
    }
    EXPECT_EQ(record->waiters.back().owner, next);
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, DamagedEntry, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(DamagedEntry, IsSkippedByAHandOverAndByAWakeUp) {
  for (const Damage& damage : damages()) {
    for (const std::size_t streak : {0U, 1U}) {
      SCOPED_TRACE(damage.what + ", streak " + std::to_string(streak));
      const Owner first = new_owner();
      const std::vector<Owner> waiters = queue_up(2, first);
      client.must(damage.command(id_of(waiters[0])));
      expect_next(waiters[0], waiters[1]);
      EXPECT_EQ(asker.release(key, first, streak), ReleaseVerdict::released);
      EXPECT_EQ(client.integer({"ZCARD", queue_at}), streak);
      EXPECT_EQ(asker.beat(key, waiters[1]).outcome, BeatOutcome::granted);
      EXPECT_EQ(asker.release(key, waiters[1]), ReleaseVerdict::released);
      expect_nothing_left(client);
      client.must({"FLUSHALL"});
    }
  }
}

TEST_P(DamagedEntry, WhoseIdIsNoneIsSkipped) {
  for (const std::string id :
       {"", "x", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcde",
        "0123456789ABCDEF0123456789abcdef"}) {
    SCOPED_TRACE(id);
    const Owner first = new_owner();
    const std::vector<Owner> waiters = queue_up(1, first);
    client.must({"ZADD", queue_at, "1", id});
    client.must({"HSET", waiters_at, id, "5000 0 }", id + ":rest", "", id + ":alive",
                 "0000000000000001 9007199254740991 "});
    expect_next(waiters[0], waiters[0]);
    EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
    EXPECT_EQ(holder(), waiters[0]);
    EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::released);
    client.must({"FLUSHALL"});
  }
}

TEST_P(DamagedEntry, LeavesAFullQueue) {
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.what);
    if (damage.what.find(":rest") != std::string::npos) {
      continue;  // looked at where it is handed over to
    }
    const std::vector<Owner> waiters = queue_up(2, new_owner());
    client.must(damage.command(id_of(waiters[0])));
    AttemptRequest another = asker.patient_request(key, new_owner());
    another.patience->most_waiting = 2;
    const AttemptReply reply = reply_in(asker.attempt_answer(another));
    EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
    EXPECT_EQ(reply.position, 2U);
    client.must({"FLUSHALL"});
  }
}

TEST_P(DamagedEntry, WhosePlaceIsNoneHandsItToNobodyBehindIt) {
  for (const std::string score : {"inf", "1e300", "9007199254740992", "-inf", "-5", "1.5"}) {
    SCOPED_TRACE(score);
    const Owner first = new_owner();
    const std::vector<Owner> waiters = queue_up(1, first);
    client.must({"ZADD", queue_at, score, id_of(waiters[0])});
    EXPECT_TRUE(asker.inspect(key)) << "it can be shown";
    EXPECT_TRUE(asker.inspect(key)->waiters.empty());
    const AttemptReply second = asker.patient_attempt(key, new_owner());
    EXPECT_EQ(second.outcome, AttemptOutcome::waiting);
    EXPECT_EQ(second.position, 1U);
    EXPECT_EQ(second.arrived_at, second.store_time);
    const AttemptReply third = asker.patient_attempt(key, new_owner());
    EXPECT_EQ(third.position, 2U);
    EXPECT_EQ(third.arrived_at, third.store_time);
    EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::not_owner);
    client.must({"FLUSHALL"});
  }
}

TEST_P(DamagedEntry, WhosePlaceIsNoneGetsAnotherOneWithItsNextTicket) {
  for (const std::string score : {"inf", "-inf"}) {
    SCOPED_TRACE(score);
    const std::vector<Owner> waiters = queue_up(2, new_owner());
    client.must({"ZADD", queue_at, score, id_of(waiters[0])});
    AttemptRequest again = asker.patient_request(key, with_ticket(waiters[0], 2));
    again.patience->arrived_at = StoreTime(1);
    const AttemptReply reply = reply_in(asker.attempt_answer(again));
    EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
    EXPECT_EQ(reply.position, 1U);
    EXPECT_EQ(reply.arrived_at, StoreTime(1));
    client.must({"FLUSHALL"});
  }
}

TEST_P(DamagedEntry, SeventeenOfThemAtTheEndDelayNobody) {
  const std::vector<Owner> waiters = queue_up(20, new_owner());
  for (std::size_t i = 1; i < waiters.size(); ++i) {
    client.must({"ZADD", queue_at, "inf", id_of(waiters[i])});
  }
  const AttemptReply reply = asker.patient_attempt(key, new_owner());
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(reply.position, 2U);
  EXPECT_EQ(reply.arrived_at, reply.store_time);
}

TEST_P(DamagedEntry, LatestPlaceIsSharedAndNotExceeded) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"ZADD", queue_at, "9007199254740991", id_of(waiters[0])});
  const StoreTime latest(9'007'199'254'740'991);
  EXPECT_EQ(asker.patient_attempt(key, new_owner()).arrived_at, latest);
  AttemptRequest beyond = asker.patient_request(key, new_owner());
  beyond.patience->arrived_at = StoreTime::max();
  EXPECT_EQ(reply_in(asker.attempt_answer(beyond)).arrived_at, latest);
  EXPECT_EQ(asker.inspect(key)->waiters.size(), 3U);
}

}  // namespace
}  // namespace exclusive_lock::live
