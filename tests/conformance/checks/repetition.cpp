// G4: requests come twice, late, and after newer ones; replies are lost. Every verb is idempotent.

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void same_attempt_again_is_granted_unchanged(StoreUnderTest& store) {
  Requester requester(store);
  const Wish wish{.key = store.key("job"), .owner = new_owner()};
  const AttemptReply first = requester.attempt(wish);
  ASSERT_EQ(first.outcome, AttemptReplyStatus::granted);
  const auto record = requester.inspect(wish.key);
  Wish again = wish;
  again.ttl = 3 * long_ttl;
  again.contents = "2";
  for (int i = 0; i < 3; ++i) {
    const AttemptReply reply = requester.attempt(again);
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
    EXPECT_EQ(reply.fence, first.fence);
    ASSERT_TRUE(reply.remaining_ttl);
    EXPECT_LE(*reply.remaining_ttl, long_ttl) << "the ttl is left as it is";
  }
  const auto still = requester.inspect(wish.key);
  ASSERT_TRUE(record && still);
  EXPECT_EQ(record->value, still->value);
}

void newer_ticket_takes_over(StoreUnderTest& store) {
  Requester requester(store);
  Wish wish{.key = store.key("job"), .owner = new_owner()};
  const AttemptReply first = requester.attempt(wish);
  ASSERT_EQ(first.outcome, AttemptReplyStatus::granted);
  wish.owner.ticket += 1;
  wish.ttl = 2 * long_ttl;
  wish.contents = "\"second\"";
  const AttemptReply second = requester.attempt(wish);
  EXPECT_EQ(second.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(second.fence, first.fence);
  ASSERT_TRUE(second.remaining_ttl);
  EXPECT_GT(*second.remaining_ttl, long_ttl) << "the full ttl of the new request";
  const auto record = requester.inspect(wish.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record_owner(record->value), wish.owner);
  EXPECT_EQ(record_fence(record->value), second.fence);
  EXPECT_EQ(decode_record(record->value).contents->text(), wish.contents);
}

void overtaken_attempt_is_superseded(StoreUnderTest& store) {
  Requester requester(store);
  const Wish newer{.key = store.key("job"), .owner = with_ticket(new_owner(), 0x1000000000)};
  ASSERT_EQ(requester.attempt(newer).outcome, AttemptReplyStatus::granted);
  const auto before = requester.inspect(newer.key);
  // Tickets are compared as numbers: 9 is older than 10, and 2 than 0x1000000000.
  for (const Ticket ticket : {newer.owner.ticket - 1, Ticket{2}, Ticket{0xffffffff}}) {
    Wish older = newer;
    older.owner.ticket = ticket;
    older.ttl = 2 * long_ttl;
    EXPECT_EQ(requester.attempt(older).outcome, AttemptReplyStatus::superseded);
  }
  const auto after = requester.inspect(newer.key);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->value, after->value);
  EXPECT_LE(*after->remaining_ttl, long_ttl);
}

void release_takes_older_tickets_along(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = with_ticket(new_owner(), 9);
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(key, with_ticket(owner, 10)), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester.inspect(key));
}

void release_spares_newer_tickets(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = with_ticket(new_owner(), 10);
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  for (const Ticket older : {9, 1}) {
    EXPECT_EQ(requester.release(key, with_ticket(owner, older)), ReleaseReplyStatus::not_owner);
  }
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
}

void release_twice(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
}

void release_then_a_late_attempt_of_the_next_owner(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner first = new_owner();
  const Owner second = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = first}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  ASSERT_EQ(requester.attempt({.key = key, .owner = second}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::not_owner)
      << "the same release, delayed";
  EXPECT_EQ(requester.refresh(key, second), RefreshReplyStatus::refreshed);
}

// A request that was held up in the network cannot leave a record that nobody waits for.
void too_late_is_not_granted(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  // A store that must learn how its clock and ours differ has seen an answer by now.
  ASSERT_EQ(requester.attempt({.key = store.key("other"), .owner = new_owner()}).outcome,
            AttemptReplyStatus::granted);
  const AttemptReply reply =
      requester.attempt({.key = key, .owner = new_owner(), .not_after = store.clock().now() - 5s});
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::too_late);
  EXPECT_FALSE(requester.inspect(key));
}

void in_time_is_never_too_late(StoreUnderTest& store) {
  Requester requester(store);
  for (int i = 0; i < 50; ++i) {
    const Instant not_after = store.clock().now() + 2s;
    const AttemptReply reply = requester.attempt({.key = store.key("job " + std::to_string(i)),
                                                  .owner = new_owner(),
                                                  .not_after = not_after});
    if (store.clock().now() < not_after) {
      EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
    }
  }
}

}  // namespace

Checks repetition_checks() {
  return {{"SameAttemptAgainIsGrantedUnchanged", same_attempt_again_is_granted_unchanged},
          {"NewerTicketTakesOver", newer_ticket_takes_over},
          {"OvertakenAttemptIsSuperseded", overtaken_attempt_is_superseded},
          {"ReleaseTakesOlderTicketsAlong", release_takes_older_tickets_along},
          {"ReleaseSparesNewerTickets", release_spares_newer_tickets},
          {"ReleaseTwice", release_twice},
          {"LateReleaseSparesTheNextHolder", release_then_a_late_attempt_of_the_next_owner},
          {"TooLateIsNotGranted", too_late_is_not_granted},
          {"InTimeIsNeverTooLate", in_time_is_never_too_late}};
}

}  // namespace exclusive_lock::conformance
