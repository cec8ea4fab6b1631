// What an attempt comes to, and the next fence, as pure functions.

#include "stores/grant_rules.hpp"

#include <gtest/gtest.h>

#include "core/record_codec.hpp"

namespace exclusive_lock {
namespace {

Owner owner(std::uint8_t id, Ticket ticket) {
  Owner owner;
  owner.id[0] = id;
  owner.ticket = ticket;
  return owner;
}

std::string head_of(const Owner& owner) {
  return encode_record(owner, Fence{7}, 1, ",\"version\":1}").substr(0, 128);
}

TEST(LocalAttempt, FreeLockIsGranted) {
  EXPECT_EQ(judge_attempt(std::nullopt, owner(1, 1)), AttemptStep::grant);
}

TEST(LocalAttempt, OthersRecordIsBusy) {
  EXPECT_EQ(judge_attempt(head_of(owner(2, 1)), owner(1, 1)), AttemptStep::busy);
}

TEST(LocalAttempt, StrangersRecordIsBusy) {
  for (const char* value : {"", "1", "{\"owner\":\"me\"}", "{\"owner\":"}) {
    EXPECT_EQ(judge_attempt(value, owner(1, 1)), AttemptStep::busy) << value;
  }
}

TEST(LocalAttempt, OwnTicketsAreCompared) {
  const std::string head = head_of(owner(1, 5));
  EXPECT_EQ(judge_attempt(head, owner(1, 5)), AttemptStep::granted_before);
  EXPECT_EQ(judge_attempt(head, owner(1, 6)), AttemptStep::grant) << "a take-over";
  EXPECT_EQ(judge_attempt(head, owner(1, 4)), AttemptStep::superseded);
}

TEST(LocalAttempt, OwnRecordWithoutItsFenceIsNotOursAnyMore) {
  const std::string head = head_of(owner(1, 5)).substr(0, record_owner_end);
  EXPECT_EQ(judge_attempt(head, owner(1, 5)), AttemptStep::busy);
}

TEST(LocalFence, IsAboveLastTimeAndFloor) {
  EXPECT_EQ(next_fence(Fence{0}, 1000, Fence{0}), Fence{1000});
  EXPECT_EQ(next_fence(Fence{1000}, 1000, Fence{0}), Fence{1001});
  EXPECT_EQ(next_fence(Fence{5000}, 1000, Fence{0}), Fence{5001}) << "the clock was set back";
  EXPECT_EQ(next_fence(Fence{0}, 1000, Fence{9000}), Fence{9001});
  EXPECT_EQ(next_fence(Fence{0}, -5, Fence{0}), Fence{1}) << "a clock before 1970";
}

TEST(LocalFence, EndsWhereADoubleDoes) {
  EXPECT_EQ(next_fence(Fence{max_fence - 1}, 0, Fence{0}), Fence{max_fence});
  EXPECT_FALSE(next_fence(Fence{max_fence}, 0, Fence{0}));
  EXPECT_FALSE(next_fence(Fence{0}, 0, Fence{max_fence}));
  EXPECT_FALSE(next_fence(Fence{0}, 0, Fence{~std::uint64_t{0}}));
}

}  // namespace
}  // namespace exclusive_lock
