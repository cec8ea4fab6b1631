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

std::optional<LastDone> last_done(Asker& asker, const std::string& key) {
  const auto mark = asker.look(key).mark;
  return mark ? decode_done_mark(*mark) : std::nullopt;
}

// Somebody new takes it and does the work.
Owner works(Asker& asker, const std::string& key, Milliseconds for_so_long = long_time) {
  const Owner owner = new_owner();
  EXPECT_EQ(asker.attempt({.key = key, .owner = owner}).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.release(done(key, owner, for_so_long)).verdict, ReleaseVerdict::released);
  return owner;
}

void expect_done_by(Asker& asker, const std::string& key, const Owner& owner) {
  const auto done = last_done(asker, key);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->owner, owner_text(owner));
}

void mark_says_who_and_when(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  const AttemptReply granted = asker.attempt({.key = key, .owner = owner});
  EXPECT_FALSE(asker.look(key).mark);
  const auto held = decode_record(asker.inspect(key).value().value);
  const ReleaseReply released = asker.release(done(key, owner, long_time));
  EXPECT_EQ(released.verdict, ReleaseVerdict::released);
  EXPECT_FALSE(released.mark_failure);
  EXPECT_FALSE(asker.inspect(key)) << "the lock is free";
  const auto done = last_done(asker, key);
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
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  asker.attempt({.key = key, .owner = owner});
  asker.release(key, owner);
  EXPECT_FALSE(asker.look(key).mark);
  const Owner worker = works(asker, key);
  asker.attempt({.key = key, .owner = owner});
  asker.release(key, owner);
  expect_done_by(asker, key, worker);
}

void only_the_holder_leaves_a_mark(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  const auto refused = [&](const Owner& owner, ReleaseVerdict verdict) {
    EXPECT_EQ(lock.asker.release(done(lock.key, owner, long_time)).verdict, verdict);
    EXPECT_FALSE(lock.asker.look(lock.key).mark) << verdict;
  };
  refused(new_owner(), ReleaseVerdict::not_owner);
  refused(waiter, ReleaseVerdict::left);
  refused(with_ticket(lock.first, 0), ReleaseVerdict::not_owner);
  store.erase(lock.key);  // its hold is lost
  refused(lock.first, ReleaseVerdict::not_owner);
}

void mark_ends_with_its_time(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  works(asker, key, 30ms);
  EXPECT_TRUE(eventually(store, 5s, [&] { return !asker.look(key).mark; }));
  EXPECT_TRUE(asker.list_marks(store.prefix()).marks.empty());
}

void shorter_time_does_not_cut_that_of_the_mark_before(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  works(asker, key);
  const Owner second = works(asker, key, 1ms);
  store.pass(20ms);
  expect_done_by(asker, key, second);
  const Owner third = works(asker, key, 2 * long_time);
  expect_done_by(asker, key, third);
}

void mark_is_there_when_the_lock_is_handed_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.asker.release(done(lock.key, lock.first, long_time)).verdict,
            ReleaseVerdict::released);
  EXPECT_EQ(lock.holder(), waiter);
  expect_done_by(lock.asker, lock.key, lock.first);
  lock.expect_served({});
}

void mark_is_the_record_without_its_contents(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  asker.attempt({.key = key, .owner = owner, .contents = "\"" + std::string(100'000, 's') + "\""});
  asker.release(done(key, owner, long_time));
  const auto mark = asker.look(key).mark;
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->key, key);
  EXPECT_LT(mark->value.size(), 1000U);
  EXPECT_TRUE(mark->value.ends_with(R"("label":"conformance"})")) << mark->value;
  expect_done_by(asker, key, owner);
}

void marks_are_listed(StoreUnderTest& store) {
  Asker asker(store);
  const Owner held = works(asker, store.key("held"));
  asker.attempt({.key = store.key("held"), .owner = new_owner()});
  works(asker, store.key("free"));
  works(asker, store.key("free too"));
  EXPECT_EQ(asker.list_marks(store.prefix()).marks.size(), 3U);
  EXPECT_EQ(asker.list_marks(store.key("free")).marks.size(), 2U);
  EXPECT_TRUE(asker.list_marks(store.key("nothing")).marks.empty());
  const ListMarksReply one = asker.list_marks(store.key("held"));
  ASSERT_EQ(one.marks.size(), 1U);
  EXPECT_EQ(one.marks[0].key, store.key("held"));
  EXPECT_EQ(decode_done_mark(one.marks[0]).value().owner, owner_text(held));
  EXPECT_FALSE(one.truncated);
  const ListMarksReply some = asker.list_marks(store.prefix(), 2);
  EXPECT_EQ(some.marks.size(), 2U);
  EXPECT_TRUE(some.truncated);
  EXPECT_EQ(asker.list(store.prefix()).records.size(), 1U) << "marks are no records";
}

void what_is_forgotten_was_not_done(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  EXPECT_FALSE(asker.forget(key));
  works(asker, key);
  const Owner other = works(asker, store.key("other"));
  EXPECT_TRUE(asker.forget(key));
  EXPECT_FALSE(asker.look(key).mark);
  EXPECT_FALSE(asker.forget(key));
  expect_done_by(asker, store.key("other"), other);
}

// Whoever asks, by every verb that the object has.
void closed_lock_is_nobodys(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  asker.attempt({.key = key, .owner = owner});
  const auto close = [&] {
    return asker.release({.key = key, .owner = owner, .done_for = long_time, .closed_for = 10s});
  };
  EXPECT_EQ(close().verdict, ReleaseVerdict::released);
  const auto record = asker.inspect(key);
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_LE(*record->remaining_ttl, 10s);
  EXPECT_EQ(decode_record(record->value).kind, RecordKind::ours);
  expect_done_by(asker, key, owner);
  EXPECT_EQ(close().verdict, ReleaseVerdict::not_owner) << "the second of two copies";
  EXPECT_EQ(asker.attempt({.key = key, .owner = new_owner()}).outcome, AttemptOutcome::busy);
  EXPECT_EQ(asker.attempt({.key = key, .owner = with_ticket(owner, 2)}).outcome,
            AttemptOutcome::superseded);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::lost);
  EXPECT_EQ(asker.release(key, with_ticket(owner, 2)), ReleaseVerdict::not_owner);
  EXPECT_EQ(asker.inspect(key).value().value, record->value);
}

void closed_lock_opens_when_its_time_is_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.asker.release({.key = lock.key, .owner = lock.first, .closed_for = 30ms}).verdict,
            ReleaseVerdict::released);
  EXPECT_EQ(lock.holder().value().id, lock.first.id) << "nobody has got it";
  EXPECT_FALSE(lock.asker.look(lock.key).mark);
  EXPECT_TRUE(eventually(store, 5s, [&] { return lock.beat(waiter) == BeatOutcome::granted; }));
  lock.expect_served({});
}

void refresh_can_let_a_record_outlive_its_connection(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  {
    Asker leaves(store);
    leaves.attempt({.key = key, .owner = owner});
    EXPECT_EQ(leaves.refresh({{.key = key, .owner = owner, .ttl = long_ttl, .detached = true}}),
              std::vector{RefreshVerdict::refreshed});
  }
  EXPECT_EQ(asker.attempt({.key = key, .owner = new_owner()}).outcome, AttemptOutcome::busy);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::refreshed);
  EXPECT_EQ(asker.release(key, owner), ReleaseVerdict::released);
}

void nothing_is_left_of_a_mark(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  works(asker, key);
  const auto kept = [&] {
    return std::ranges::count_if(
        store.everything(), [&](const StoredRecord& each) { return each.key == done_key(key); });
  };
  EXPECT_EQ(kept(), 1);
  asker.forget(key);
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
