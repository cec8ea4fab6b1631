// G12: what a release says of the work that was done (docs/decisions/0020-once-per-period.md), and
// a lock that stays closed after it.

#include "conformance/check.hpp"
#include "conformance/contended.hpp"
#include "core/done_mark.hpp"
#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds long_time = 600'000ms;

ReleaseRequest done(const std::string& key, const Owner& owner, Milliseconds for_so_long) {
  return {.key = key, .owner = owner, .done_for = for_so_long};
}

std::optional<LastDone> last_done(Requester& requester, const std::string& key) {
  const auto mark = requester.look(key).mark;
  return mark ? decode_done_mark(*mark) : std::nullopt;
}

// Somebody new takes it and does the work.
Owner works(Requester& requester, const std::string& key, Milliseconds for_so_long = long_time) {
  const Owner owner = new_owner();
  EXPECT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(done(key, owner, for_so_long)).verdict, ReleaseReplyStatus::released);
  return owner;
}

void expect_done_by(Requester& requester, const std::string& key, const Owner& owner) {
  const auto done = last_done(requester, key);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->owner, owner_text(owner));
}

void mark_says_who_and_when(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  const AttemptReply granted = requester.attempt({.key = key, .owner = owner});
  EXPECT_FALSE(requester.look(key).mark);
  const auto held = decode_record(requester.inspect(key).value().value);
  const ReleaseReply released = requester.release(done(key, owner, long_time));
  EXPECT_EQ(released.verdict, ReleaseReplyStatus::released);
  EXPECT_FALSE(released.mark_failure);
  EXPECT_FALSE(requester.inspect(key)) << "the lock is free";
  const auto done = last_done(requester, key);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->owner, owner_text(owner));
  EXPECT_EQ(done->fence, granted.fence);
  EXPECT_EQ(done->host, "test-host");
  EXPECT_EQ(done->pid, 4711);
  EXPECT_EQ(done->label, "conformance");
  EXPECT_EQ(done->began, held.since);
  EXPECT_GE(done->ended, done->began);
  EXPECT_GE(done->age, 0ms);
  EXPECT_LE(done->age, 1min);
}

void plain_release_leaves_no_mark(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  requester.attempt({.key = key, .owner = owner});
  requester.release(key, owner);
  EXPECT_FALSE(requester.look(key).mark);
  const Owner worker = works(requester, key);
  requester.attempt({.key = key, .owner = owner});
  requester.release(key, owner);
  expect_done_by(requester, key, worker);
}

void only_the_holder_leaves_a_mark(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  const auto refused = [&](const Owner& owner, ReleaseReplyStatus verdict) {
    EXPECT_EQ(lock.requester.release(done(lock.key, owner, long_time)).verdict, verdict);
    EXPECT_FALSE(lock.requester.look(lock.key).mark) << verdict;
  };
  refused(new_owner(), ReleaseReplyStatus::not_owner);
  refused(waiter, ReleaseReplyStatus::left);
  refused(with_ticket(lock.first, 0), ReleaseReplyStatus::not_owner);
  store.erase(lock.key);  // its hold is lost
  refused(lock.first, ReleaseReplyStatus::not_owner);
}

void mark_ends_with_its_time(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  works(requester, key, 30ms);
  EXPECT_TRUE(eventually(store, 5s, [&] { return !requester.look(key).mark; }));
  EXPECT_TRUE(requester.list_marks(store.prefix()).marks.empty());
}

void shorter_time_does_not_cut_that_of_the_mark_before(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  works(requester, key);
  const Owner second = works(requester, key, 1ms);
  store.pass(20ms);
  expect_done_by(requester, key, second);
  const Owner third = works(requester, key, 2 * long_time);
  expect_done_by(requester, key, third);
}

void mark_is_there_when_the_lock_is_handed_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.requester.release(done(lock.key, lock.first, long_time)).verdict,
            ReleaseReplyStatus::released);
  EXPECT_EQ(lock.holder(), waiter);
  expect_done_by(lock.requester, lock.key, lock.first);
  lock.expect_served({});
}

void mark_is_the_record_without_its_contents(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  requester.attempt(
      {.key = key, .owner = owner, .contents = "\"" + std::string(100'000, 's') + "\""});
  requester.release(done(key, owner, long_time));
  const auto mark = requester.look(key).mark;
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->key, key);
  EXPECT_LT(mark->value.size(), 1000U);
  EXPECT_TRUE(mark->value.ends_with(R"("label":"conformance"})")) << mark->value;
  expect_done_by(requester, key, owner);
}

void marks_are_listed(StoreUnderTest& store) {
  Requester requester(store);
  const Owner held = works(requester, store.key("held"));
  requester.attempt({.key = store.key("held"), .owner = new_owner()});
  works(requester, store.key("free"));
  works(requester, store.key("free too"));
  EXPECT_EQ(requester.list_marks(store.prefix()).marks.size(), 3U);
  EXPECT_EQ(requester.list_marks(store.key("free")).marks.size(), 2U);
  EXPECT_TRUE(requester.list_marks(store.key("nothing")).marks.empty());
  const ListMarksReply one = requester.list_marks(store.key("held"));
  ASSERT_EQ(one.marks.size(), 1U);
  EXPECT_EQ(one.marks[0].key, store.key("held"));
  EXPECT_EQ(decode_done_mark(one.marks[0]).value().owner, owner_text(held));
  EXPECT_FALSE(one.truncated);
  const ListMarksReply some = requester.list_marks(store.prefix(), 2);
  EXPECT_EQ(some.marks.size(), 2U);
  EXPECT_TRUE(some.truncated);
  EXPECT_EQ(requester.list(store.prefix()).records.size(), 1U) << "marks are no records";
}

void what_is_forgotten_was_not_done(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  EXPECT_FALSE(requester.forget(key));
  works(requester, key);
  const Owner other = works(requester, store.key("other"));
  EXPECT_TRUE(requester.forget(key));
  EXPECT_FALSE(requester.look(key).mark);
  EXPECT_FALSE(requester.forget(key));
  expect_done_by(requester, store.key("other"), other);
}

// Whoever asks, by every verb that the object has.
void closed_lock_is_nobodys(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  requester.attempt({.key = key, .owner = owner});
  const auto close = [&] {
    return requester.release(
        {.key = key, .owner = owner, .done_for = long_time, .closed_for = 10s});
  };
  EXPECT_EQ(close().verdict, ReleaseReplyStatus::released);
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_LE(*record->remaining_ttl, 10s);
  EXPECT_EQ(decode_record(record->value).kind, RecordKind::ours);
  expect_done_by(requester, key, owner);
  EXPECT_EQ(close().verdict, ReleaseReplyStatus::not_owner) << "the second of two copies";
  EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(requester.attempt({.key = key, .owner = with_ticket(owner, 2)}).outcome,
            AttemptReplyStatus::superseded);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, with_ticket(owner, 2)), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.inspect(key).value().value, record->value);
}

void closed_lock_opens_when_its_time_is_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(
      lock.requester.release({.key = lock.key, .owner = lock.first, .closed_for = 30ms}).verdict,
      ReleaseReplyStatus::released);
  EXPECT_EQ(lock.holder().value().id, lock.first.id) << "nobody has got it";
  EXPECT_FALSE(lock.requester.look(lock.key).mark);
  EXPECT_TRUE(eventually(store, 5s,
                         [&] { return lock.heartbeat(waiter) == HeartbeatReplyStatus::granted; }));
  lock.expect_served({});
}

void refresh_can_let_a_record_outlive_its_connection(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  {
    Requester leaves(store);
    leaves.attempt({.key = key, .owner = owner});
    EXPECT_EQ(leaves.refresh({{.key = key, .owner = owner, .ttl = long_ttl, .detached = true}}),
              std::vector{RefreshReplyStatus::refreshed});
  }
  EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

void nothing_is_left_of_a_mark(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  works(requester, key);
  const auto kept = [&] {
    return std::ranges::count_if(
        store.everything(), [&](const StoredRecord& each) { return each.key == done_key(key); });
  };
  EXPECT_EQ(kept(), 1);
  requester.forget(key);
  EXPECT_EQ(kept(), 0);
}

}  // namespace

Checks done_checks() {
  return {
      {"MarkSaysWhoAndWhen", mark_says_who_and_when},
      {"PlainReleaseLeavesNoMark", plain_release_leaves_no_mark},
      {"OnlyTheHolderLeavesAMark", only_the_holder_leaves_a_mark},
      {"MarkEndsWithItsTime", mark_ends_with_its_time},
      {"ShorterTimeDoesNotCutThatOfTheMarkBefore",
       shorter_time_does_not_cut_that_of_the_mark_before},
      {"MarkIsThereWhenTheLockIsHandedOver", mark_is_there_when_the_lock_is_handed_over},
      {"MarkIsTheRecordWithoutItsContents", mark_is_the_record_without_its_contents},
      {"MarksAreListed", marks_are_listed},
      {"WhatIsForgottenWasNotDone", what_is_forgotten_was_not_done},
      {"ClosedLockIsNobodys", closed_lock_is_nobodys},
      {"ClosedLockOpensWhenItsTimeIsOver", closed_lock_opens_when_its_time_is_over},
      {"RefreshCanLetARecordOutliveItsConnection", refresh_can_let_a_record_outlive_its_connection},
      {"NothingIsLeftOfAMark", nothing_is_left_of_a_mark}};
}

}  // namespace exclusive_lock::conformance
