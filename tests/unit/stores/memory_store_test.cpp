// What the memory store adds to the contract of every store (tests/conformance): scripted clocks,
// and what is done to it from outside.

#include "stores/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "conformance/scripted_clock.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class MemoryStoreTest : public testing::Test {
 protected:
  static Owner owner(std::uint8_t id, Ticket ticket = 1) {
    Owner owner{.id = {}, .ticket = ticket};
    owner.id[0] = id;
    return owner;
  }

  [[nodiscard]] Instant soon() const { return clock.now() + 1s; }

  Answer<AttemptReply> answer_of(AttemptRequest request) {
    Answer<AttemptReply> kept;
    store->attempt(std::move(request), soon(), [&](auto answer) { kept = std::move(answer); });
    return kept;
  }

  AttemptRequest request(const Owner& requester) const {
    return {.key = "k",
            .owner = requester,
            .ttl = 10s,
            .record_tail = "}",
            .floor = {},
            .not_after = soon()};
  }

  AttemptReply attempt(const Owner& requester) {
    return std::get<AttemptReply>(answer_of(request(requester)));
  }

  AttemptReplyStatus wait_in_queue(const Owner& requester, const WaitOptions& wait_options) {
    AttemptRequest waiting = request(requester);
    waiting.wait_options = wait_options;
    return std::get<AttemptReply>(answer_of(waiting)).outcome;
  }

  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> all;
    for (const StoredRecord& record : store->everything()) {
      all.push_back(record.key);
    }
    return all;
  }

  conformance::ScriptedClock clock;
  conformance::ScriptedWallClock wall{clock};
  std::shared_ptr<MemoryStore> store = make_memory_store(clock, wall);
};

TEST_F(MemoryStoreTest, FirstFenceIsTheWallClock) {
  const AttemptReply reply = attempt(owner(1));
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(reply.fence.value, static_cast<std::uint64_t>(wall.now().count()));
  EXPECT_EQ(reply.store_time, wall.now());
}

TEST_F(MemoryStoreTest, FenceGrowsWhenTheWallClockIsSetBack) {
  const Fence first = attempt(owner(1)).fence;
  store->erase("k");
  wall.step(-1h);
  EXPECT_EQ(attempt(owner(2)).fence.value, first.value + 1);
}

TEST_F(MemoryStoreTest, FenceGrowsOverARecordThatOutlivedItsFenceKey) {
  AttemptRequest long_hold = request(owner(1));
  long_hold.ttl = 48h;
  const Fence first = std::get<AttemptReply>(answer_of(long_hold)).fence;
  clock.advance(25h);
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
  wall.step(-40h);
  EXPECT_EQ(attempt(owner(1, 2)).fence.value, first.value + 1) << "taken over";
}

TEST_F(MemoryStoreTest, RecordExpiresByTheWallClock) {
  ASSERT_EQ(attempt(owner(1)).outcome, AttemptReplyStatus::granted);
  wall.step(9999ms);
  EXPECT_EQ(attempt(owner(2)).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(attempt(owner(2)).remaining_ttl, 1ms);
  wall.step(1ms);
  EXPECT_EQ(attempt(owner(2)).outcome, AttemptReplyStatus::granted);
}

TEST_F(MemoryStoreTest, RemainingTtlIsRoundedUp) {
  ASSERT_EQ(attempt(owner(1)).outcome, AttemptReplyStatus::granted);
  clock.advance(9999999us);
  EXPECT_EQ(attempt(owner(2)).remaining_ttl, 1ms);
}

TEST_F(MemoryStoreTest, NotAfterIsByOurClock) {
  AttemptRequest late = request(owner(1));
  late.not_after = clock.now();
  wall.step(1h);
  EXPECT_EQ(std::get<AttemptReply>(answer_of(late)).outcome, AttemptReplyStatus::granted);
  store->erase("k");
  clock.advance(1ns);
  EXPECT_EQ(std::get<AttemptReply>(answer_of(late)).outcome, AttemptReplyStatus::too_late);
}

TEST_F(MemoryStoreTest, FenceThatCannotBeReadIsLeftAloneAndNothingGranted) {
  for (const char* value : {"", "x", "1x", "-1", "99999999999999999999", "9007199254740991"}) {
    store->plant(fence_key("k").value(), value, 1h);
    const auto answer = answer_of(request(owner(1)));
    const auto* failure = std::get_if<StoreFailure>(&answer);
    ASSERT_NE(failure, nullptr) << value;
    EXPECT_EQ(failure->code, make_error_code(errc::wrong_type));
    EXPECT_EQ(keys(), std::vector<std::string>{fence_key("k").value()});
  }
}

TEST_F(MemoryStoreTest, OwnRecordWithoutAFenceIsNotOursAnyMore) {
  store->plant("k", std::string(record_opening) + owner_text(owner(1)) + R"("})", 1h);
  EXPECT_EQ(attempt(owner(1)).outcome, AttemptReplyStatus::busy);
}

// A failover can bring back the record of an earlier attempt of a waiter.
TEST_F(MemoryStoreTest, WaiterThatTakesOverItsOlderRecordLeavesTheQueue) {
  const Fence fence = attempt(owner(1)).fence;
  ASSERT_EQ(wait_in_queue(owner(2, 2), {.alive_for = 1h, .confirm_ttl = 1h}),
            AttemptReplyStatus::waiting);
  store->plant("k", encode_record(owner(2, 1), fence, wall.now().count(), "}"), 1h);
  ASSERT_EQ(attempt(owner(2, 3)).outcome, AttemptReplyStatus::granted);
  store->release({.key = "k", .owner = owner(2, 3)}, soon(), [](const auto&) {});
  EXPECT_EQ(attempt(owner(3)).outcome, AttemptReplyStatus::granted) << "its entry got the lock";
}

// A call looks at 16 of these 20 entries. Where it begins goes with the clock.
TEST_F(MemoryStoreTest, QueueThatIsFullOfTheDeadHasRoomAtEveryInstant) {
  const WaitOptions wait_options{.alive_for = 1ms, .confirm_ttl = 1s, .max_waiting = 20};
  for (int i = 0; i < 40; ++i) {
    store->wipe();
    ASSERT_EQ(attempt(owner(1)).outcome, AttemptReplyStatus::granted);
    for (std::uint8_t id = 2; id < 22; ++id) {
      ASSERT_EQ(wait_in_queue(owner(id), wait_options), AttemptReplyStatus::waiting);
    }
    ASSERT_EQ(wait_in_queue(owner(22), wait_options), AttemptReplyStatus::queue_full);
    clock.advance(2001us);
    EXPECT_EQ(wait_in_queue(owner(22), wait_options), AttemptReplyStatus::waiting) << i;
  }
}

TEST_F(MemoryStoreTest, VerbsMayBeCalledFromAnAnswer) {
  bool inspected = false;
  store->attempt(request(owner(1)), soon(), [&](const auto&) {
    store->inspect("k", soon(), [&](const Answer<InspectReply>& answer) {
      inspected = std::get<InspectReply>(answer).record.has_value();
    });
  });
  EXPECT_TRUE(inspected);
}

TEST_F(MemoryStoreTest, ExpiredEntriesAreSweptAway) {
  for (int i = 0; i < 10'000; ++i) {
    store->plant("dynamic " + std::to_string(i), std::string(1000, 'x'), 1ms);
    clock.advance(1ms);
  }
  EXPECT_TRUE(keys().empty());
  store->plant("stays", "1", std::nullopt);
  wall.step(-24h);  // whatever was not swept away is alive again
  EXPECT_LT(keys().size(), 200U);
}

TEST_F(MemoryStoreTest, WipeLeavesNothing) {
  attempt(owner(1));
  EXPECT_EQ(keys(), (std::vector<std::string>{"k", fence_key("k").value()}));
  store->wipe();
  EXPECT_TRUE(keys().empty());
}

TEST(MemoryStoreOnOneClock, TellsNoStoreTime) {
  const conformance::ScriptedClock clock;
  const std::shared_ptr<Store> store = make_memory_store(clock);
  const HeartbeatRequest heartbeat{.key = "k", .owner = {}, .ttl = 1s, .alive_for = 1s};
  store->heartbeat(heartbeat, clock.now(), [](const Answer<HeartbeatReply>& answer) {
    EXPECT_EQ(std::get<HeartbeatReply>(answer).store_time, std::nullopt);
  });
}

}  // namespace
}  // namespace exclusive_lock
