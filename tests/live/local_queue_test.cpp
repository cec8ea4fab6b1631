// Waiting in the embedded store (decisions/0008): order, hand-over, pushes, tickets, leaving. What
// goes wrong is in local_queue_crash_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "live/local_pushes.hpp"
#include "live/local_queue_fixture.hpp"
#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

LocalWish patient_wish(Owner owner = new_local_owner()) {
  return {.owner = owner, .wait_options = long_wait};
}

class LocalQueue : public testing::Test {
 protected:
  LocalQueue() { EXPECT_EQ(requester_.attempt(held_).outcome, AttemptReplyStatus::granted); }

  [[nodiscard]] std::int64_t number(std::string_view sql) const {
    return number_in(directory_.path(), sql);
  }
  void enter(LocalRequester& requester, const LocalWish& wish, std::size_t position) {
    const AttemptReply reply = requester.attempt(wish);
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
    EXPECT_EQ(reply.position, position);
    EXPECT_TRUE(reply.arrived_at);
  }
  [[nodiscard]] std::string record() { return requester_.inspect(held_.key).value().value; }

  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path()};
  const LocalWish held_;
};

TEST_F(LocalQueue, FreeLockIsGrantedToThePatientToo) {
  const LocalWish wish{.key = "free", .wait_options = long_wait};
  const AttemptReply reply = requester_.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(reply.remaining_ttl, wish.ttl);
}

TEST_F(LocalQueue, WaiterIsToldWhatIsInItsWay) {
  const AttemptReply reply = requester_.attempt(patient_wish());
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_GT(*reply.remaining_ttl, held_.ttl - 1min);
  EXPECT_LE(*reply.remaining_ttl, held_.ttl);
}

TEST_F(LocalQueue, HandsOverWithTheWaitersOwnRecord) {
  LocalRequester other(directory_.path());
  LocalWish wish = patient_wish();
  wish.contents = '"' + std::string(5000, 'x') + '"';
  enter(other, wish, 1);
  const auto before = decode_record(record());
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  const auto after = requester_.inspect(held_.key);
  ASSERT_TRUE(after);
  const LockRecord read = decode_record(after->value);
  EXPECT_EQ(read.kind, RecordKind::ours);
  EXPECT_EQ(read.owner, owner_text(wish.owner));
  EXPECT_GT(read.fence, before.fence);
  EXPECT_EQ(read.lock_ttl, wish.ttl);
  EXPECT_EQ(read.contents->text(), wish.contents);
  EXPECT_EQ(after->value, encode_record(wish.owner, read.fence,
                                        std::chrono::duration_cast<std::chrono::microseconds>(
                                            read.since.value().time_since_epoch())
                                            .count(),
                                        encode_record_tail({.ttl = wish.ttl,
                                                            .host = "host",
                                                            .pid = 1,
                                                            .label = "label",
                                                            .contents_text = wish.contents})));
  EXPECT_LE(*after->remaining_ttl, long_wait.confirm_ttl);
  EXPECT_EQ(after->waiting, 0U);
  EXPECT_EQ(number("SELECT count(*) FROM waiter_tail"), 0);

  const HeartbeatReply heartbeat = other.heartbeat(wish);
  EXPECT_EQ(heartbeat.outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(heartbeat.fence, read.fence);
  EXPECT_GT(*other.inspect(wish.key)->remaining_ttl, long_wait.confirm_ttl) << "the full ttl";
  EXPECT_EQ(other.release(wish), ReleaseReplyStatus::released);
  EXPECT_EQ(number("SELECT count(*) FROM rest"), 0);
}

// Where one that does not count pass counts, an older version, has emptied the queue.
TEST_F(LocalQueue, StreakOfAnEarlierQueueDoesNotCount) {
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET pass_count = 9");
  const LocalWish waiter = patient_wish();
  enter(requester_, waiter, 1);
  LocalWish barging = held_;
  barging.barging_limit = 1;
  EXPECT_EQ(requester_.release(barging), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester_.inspect(held_.key)) << "left free";
  EXPECT_EQ(requester_.heartbeat(waiter).outcome, HeartbeatReplyStatus::granted);
}

TEST_F(LocalQueue, StreakBelowNoneIsNone) {
  enter(requester_, patient_wish(), 1);
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET pass_count = -9");
  LocalWish barging = held_;
  barging.barging_limit = 1;
  EXPECT_EQ(requester_.release(barging), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester_.inspect(held_.key)) << "left free";
  const LocalWish barger{.barging_limit = 1};
  EXPECT_EQ(requester_.attempt(barger).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(number("SELECT pass_count FROM lock"), 1);
}

TEST_F(LocalQueue, ServesTwoStoresAndTwoProcessesInTheOrderOfTheirArrival) {
  LocalRequester other(directory_.path());
  const LocalPushes pushes(requester_.store());
  const LocalPushes other_pushes(other.store());
  const LocalWish first = patient_wish();
  const LocalWish third = patient_wish();
  const LocalWish fifth = patient_wish();
  enter(requester_, first, 1);
  LocalWorker second(directory_.path(), {"wait", held_.key});
  EXPECT_EQ(second.line(), "waiting 2");
  enter(other, third, 3);
  LocalWorker fourth(directory_.path(), {"wait", held_.key});
  EXPECT_EQ(fourth.line(), "waiting 4");
  enter(requester_, fifth, 5);
  EXPECT_TRUE(requester_.store().pushes_grants());

  EXPECT_EQ(other.release(held_), ReleaseReplyStatus::released) << "whoever sends it";
  ASSERT_TRUE(pushes.of(first.owner)) << "within one store";
  const Fence first_fence = requester_.heartbeat(first).fence;
  EXPECT_EQ(requester_.heartbeat(fifth).position, 4U);
  EXPECT_EQ(requester_.release(first), ReleaseReplyStatus::released);
  EXPECT_THAT(second.line(), StartsWith("pushed "));
  second.let_go();
  EXPECT_EQ(second.wait(), 0);
  ASSERT_TRUE(other_pushes.of(third.owner)) << "from another process";
  EXPECT_GT(other.heartbeat(third).fence, first_fence);
  EXPECT_EQ(other.release(third), ReleaseReplyStatus::released);
  const std::string fourth_push = fourth.line();
  EXPECT_EQ(fourth_push, "pushed " + owner_text(*record_owner(record())));
  fourth.let_go();
  EXPECT_EQ(fourth.wait(), 0);
  EXPECT_TRUE(pushes.of(fifth.owner));
  EXPECT_EQ(requester_.release(fifth), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester_.inspect(held_.key));
  EXPECT_EQ(pushes.count(), 2U);
  EXPECT_EQ(other_pushes.count(), 1U);
}

TEST_F(LocalQueue, NobodyBargesIn) {
  enter(requester_, patient_wish(), 1);
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(requester_.attempt(patient_wish()).outcome, AttemptReplyStatus::waiting);
}

TEST_F(LocalQueue, RemovalHandsOver) {
  const LocalWish wish = patient_wish();
  enter(requester_, wish, 1);
  EXPECT_TRUE(requester_.remove(held_.key, record()));
  EXPECT_EQ(requester_.heartbeat(wish).outcome, HeartbeatReplyStatus::granted);
}

TEST_F(LocalQueue, HeartbeatNeverMakesAnEntry) {
  LocalWish wish = patient_wish();
  EXPECT_EQ(requester_.heartbeat(wish).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester_.heartbeat({.key = "never used"}).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 0);
}

TEST_F(LocalQueue, LeavingLetsTheNextMoveUp) {
  const LocalWish first = patient_wish();
  const LocalWish second = patient_wish();
  enter(requester_, first, 1);
  enter(requester_, second, 2);
  EXPECT_EQ(requester_.release(first), ReleaseReplyStatus::left);
  EXPECT_EQ(requester_.release(first), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester_.heartbeat(first).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester_.heartbeat(second).position, 1U);
  EXPECT_EQ(requester_.inspect(held_.key)->waiting, 1U);
  EXPECT_EQ(requester_.refresh(held_), RefreshReplyStatus::refreshed)
      << "the holder is not disturbed";
}

TEST_F(LocalQueue, GivingUpAfterTheGrantPassesItOn) {
  const LocalWish first = patient_wish();
  const LocalWish second = patient_wish();
  enter(requester_, first, 1);
  enter(requester_, second, 2);
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.release(first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(second).outcome, HeartbeatReplyStatus::granted);
}

TEST_F(LocalQueue, NewerTicketKeepsThePlaceAndOlderOnesAreOvertaken) {
  LocalWish wish = patient_wish();
  wish.owner.ticket = 5;
  const AttemptReply entered = requester_.attempt(wish);
  enter(requester_, patient_wish(), 2);
  LocalWish newer = wish;
  newer.owner.ticket = 6;
  newer.contents = "6";
  const AttemptReply renewed = requester_.attempt(newer);
  EXPECT_EQ(renewed.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(renewed.position, 1U);
  EXPECT_EQ(renewed.arrived_at, entered.arrived_at);
  EXPECT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::superseded);
  wish.wait_options.reset();
  EXPECT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::superseded);
  EXPECT_EQ(requester_.heartbeat(wish).outcome, HeartbeatReplyStatus::gone)
      << "of the older ticket";
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::not_owner) << "the newer one stays";
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(newer).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(decode_record(record()).contents->text(), "6");
}

TEST_F(LocalQueue, SameRequestTwiceIsOneEntry) {
  const LocalWish wish = patient_wish();
  enter(requester_, wish, 1);
  enter(requester_, wish, 1);
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 1);
  LocalWish older = wish;
  ++older.owner.ticket;
  EXPECT_EQ(requester_.release(older), ReleaseReplyStatus::left) << "of an older ticket";
}

TEST_F(LocalQueue, ArrivalThatWasToldBeforeGetsThePlaceBack) {
  LocalWish wish = patient_wish();
  const auto arrived_at = requester_.attempt(wish).arrived_at;
  enter(requester_, patient_wish(), 2);
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::left);
  ++wish.owner.ticket;
  wish.wait_options->arrived_at = arrived_at;
  const AttemptReply back = requester_.attempt(wish);
  EXPECT_EQ(back.position, 1U);
  EXPECT_EQ(back.arrived_at, arrived_at);
  enter(requester_, patient_wish(), 3);
}

TEST_F(LocalQueue, FullOneIsTold) {
  LocalWish wish = patient_wish();
  wish.wait_options->max_waiting = 2;
  enter(requester_, wish, 1);
  LocalWish second = wish;
  second.owner = new_local_owner();
  enter(requester_, second, 2);
  LocalWish third = wish;
  third.owner = new_local_owner();
  EXPECT_EQ(requester_.attempt(third).outcome, AttemptReplyStatus::queue_full);
  ++second.owner.ticket;
  EXPECT_EQ(requester_.attempt(second).outcome, AttemptReplyStatus::waiting) << "it is in already";
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::left);
  enter(requester_, third, 2);
}

TEST_F(LocalQueue, TooLateAttemptDoesNotEnter) {
  LocalWish wish = patient_wish();
  std::optional<AttemptReplyStatus> outcome;
  requester_.store().attempt({.key = wish.key,
                              .owner = wish.owner,
                              .ttl = wish.ttl,
                              .record_tail = {},
                              .floor = {},
                              .not_after = BootClock::now() - 1ms,
                              .wait_options = wish.wait_options},
                             Instant::max(), [&](const Answer<AttemptReply>& answer) {
                               outcome = std::get<AttemptReply>(answer).outcome;
                             });
  EXPECT_EQ(outcome, AttemptReplyStatus::too_late);
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 0);
}

TEST_F(LocalQueue, IsShown) {
  std::vector<Owner> owners;
  for (std::size_t i = 0; i < max_waiters_shown + 5; ++i) {
    const LocalWish wish = patient_wish();
    enter(requester_, wish, i + 1);
    owners.push_back(wish.owner);
  }
  const StoredRecord seen = requester_.inspect(held_.key).value();
  EXPECT_EQ(seen.waiting, owners.size());
  ASSERT_EQ(seen.waiters.size(), max_waiters_shown);
  for (std::size_t i = 0; i < seen.waiters.size(); ++i) {
    EXPECT_EQ(seen.waiters[i].owner, owners[i]);
    EXPECT_THAT(seen.waiters[i].tail_head, HasSubstr("\"host\":\"host\""));
    EXPECT_LE(seen.waiters[i].tail_head.size(), waiter_tail_head_size);
    EXPECT_TRUE(i == 0 || seen.waiters[i].arrived_at > seen.waiters[i - 1].arrived_at);
  }
  const ListReply list = requester_.list(held_.key);
  ASSERT_EQ(list.records.size(), 1U);
  EXPECT_EQ(list.records[0].waiting, owners.size());
  EXPECT_TRUE(list.records[0].waiters.empty());
}

TEST_F(LocalQueue, DetachedWaiterGetsARecordWithoutAHolder) {
  LocalRequester other(directory_.path());
  LocalWish wish = patient_wish();
  wish.detached = true;
  enter(other, wish, 1);
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  other.forget();
  EXPECT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::busy) << "it outlives its store";
  EXPECT_EQ(requester_.refresh(wish), RefreshReplyStatus::refreshed);
}

// A listener that asks again from within, as locks do.
TEST_F(LocalQueue, ListenerMayCallVerbs) {
  LocalRequester other(directory_.path());
  std::vector<LocalWish> wishes;
  for (int i = 0; i < 20; ++i) {
    wishes.push_back(patient_wish());
  }
  other.store().listen({.wake_up =
                            [&](const WakeUp& wake_up) {
                              LocalWish wish = held_;
                              wish.owner = wake_up.owner;
                              EXPECT_EQ(other.release(wish), ReleaseReplyStatus::released);
                            },
                        .pushes_resumed = [] {}});
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    enter(other, wishes[i], i + 1);
  }
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  const Instant give_up_at = BootClock::now() + 20s;
  while (requester_.inspect(held_.key) && BootClock::now() < give_up_at) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(requester_.inspect(held_.key)) << "each was served and gave it back";
}

TEST_F(LocalQueue, ManyProcessesTakeTurns) {
  constexpr int workers = 5;
  constexpr int rounds = 40;
  EXPECT_EQ(requester_.release(held_), ReleaseReplyStatus::released);
  std::vector<std::unique_ptr<LocalWorker>> all;
  for (int i = 0; i < workers; ++i) {
    all.push_back(std::make_unique<LocalWorker>(
        directory_.path(), std::vector<std::string>{"rounds", held_.key, std::to_string(rounds)}));
  }
  std::vector<std::string> fences;
  for (const auto& worker : all) {
    for (std::string line = worker->line(); !line.empty(); line = worker->line()) {
      ASSERT_THAT(line, StartsWith("fence "));
      fences.push_back(line);
    }
    EXPECT_EQ(worker->wait(), 0);
  }
  EXPECT_EQ(fences.size(), static_cast<std::size_t>(workers * rounds));
  std::sort(fences.begin(), fences.end());
  EXPECT_EQ(std::adjacent_find(fences.begin(), fences.end()), fences.end()) << "a fence twice";
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 0);
  EXPECT_EQ(number("SELECT sum(waiting) FROM lock"), 0);
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

}  // namespace
}  // namespace exclusive_lock::live
