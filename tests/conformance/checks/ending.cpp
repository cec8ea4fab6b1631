// G8 and the contract of every verb: what is left behind, and what a connection that is over, or
// has no time, answers.

#include <sys/wait.h>
#include <unistd.h>

#include "conformance/check.hpp"
#include "conformance/requester.hpp"
#include "core/key_codec.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// The failure of each verb on `key` under `deadline`; none where a verb succeeded.
std::vector<std::optional<StoreFailure>> failures_of_all_verbs(Requester& requester,
                                                               const std::string& key,
                                                               Instant deadline) {
  Store& store = requester.store();
  const Owner owner = new_owner();
  std::vector<std::optional<StoreFailure>> all;
  const auto note = [&all](const auto& answer) {
    const auto* failure = std::get_if<StoreFailure>(&answer);
    all.push_back(failure == nullptr ? std::nullopt : std::optional(*failure));
  };
  note(answer_of<AttemptReply>([&](auto done) {
    store.attempt(requester.request_of({.key = key, .owner = owner}), deadline, done);
  }));
  note(answer_of<HeartbeatReply>([&](auto done) {
    store.heartbeat({.key = key, .owner = owner, .ttl = long_ttl, .alive_for = long_ttl}, deadline,
                    done);
  }));
  note(answer_of<RefreshReply>([&](auto done) {
    store.refresh({{.key = key, .owner = owner, .ttl = long_ttl}}, deadline, done);
  }));
  note(answer_of<ReleaseReply>(
      [&](auto done) { store.release({.key = key, .owner = owner}, deadline, done); }));
  note(answer_of<InspectReply>([&](auto done) { store.inspect(key, deadline, done); }));
  note(answer_of<ListReply>([&](auto done) { store.list(key, 10, deadline, done); }));
  note(answer_of<RemoveReply>([&](auto done) { store.remove(key, "1", deadline, done); }));
  return all;
}

void nothing_is_left_but_fences(StoreUnderTest& store) {
  Requester requester(store);
  for (int i = 0; i < 20; ++i) {
    const std::string key = store.key("job " + std::to_string(i));
    const Owner owner = new_owner();
    EXPECT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
    EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
              AttemptReplyStatus::busy);
    EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
    EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
  }
  const std::vector<StoredRecord> left = store.everything();
  EXPECT_LE(left.size(), 20U);
  for (const StoredRecord& entry : left) {
    EXPECT_TRUE(is_side_key(entry.key)) << entry.key;
    ASSERT_TRUE(entry.remaining_ttl) << entry.key << " stays for ever";
    EXPECT_LE(*entry.remaining_ttl, 24h);
    EXPECT_GT(*entry.remaining_ttl, 23h);
  }
}

void refusals_leave_nothing(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  store.plant(key, "1", long_ttl);
  EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(requester.release(key, new_owner()), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(store.everything().size(), 1U) << "the stranger's record";
}

void without_time_nothing_is_sent(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  store.plant(key, "1", long_ttl);
  const std::string free_key = store.key("free");
  for (const std::string& each : {key, free_key}) {
    for (const auto& failure : failures_of_all_verbs(requester, each, store.clock().now() - 1s)) {
      ASSERT_TRUE(failure) << "a verb was carried out after its deadline";
      EXPECT_FALSE(failure->may_have_run);
      EXPECT_TRUE(failure->code);
      EXPECT_FALSE(failure->message.empty());
    }
  }
  EXPECT_TRUE(requester.inspect(key));
  EXPECT_FALSE(requester.inspect(free_key));
}

void closed_connection_answers_nothing_else(StoreUnderTest& store) {
  Requester requester(store);
  requester.store().close();
  requester.store().close();
  for (const auto& failure : failures_of_all_verbs(requester, store.key("job"), requester.soon())) {
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, make_error_code(errc::connection_closed)) << failure->message;
    EXPECT_FALSE(failure->may_have_run);
  }
}

// 0: every verb of the child answered connection_closed. Only what a child of a process with
// threads may do.
int verbs_in_a_child(Requester& requester, const std::string& key) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // a verb that waits for a thread of the parent never returns
    int wrong = 0;
    for (const auto& failure : failures_of_all_verbs(requester, key, requester.soon())) {
      wrong += !failure || failure->code != make_error_code(errc::connection_closed);
    }
    requester.store().close();
    ::_exit(wrong);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

void forked_child_has_no_connection(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(verbs_in_a_child(requester, key), 0) << "a wait status; see wait(2)";
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed) << "the parent's goes on";
  EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

void knows_what_it_is(StoreUnderTest& store) {
  Requester requester(store);
  EXPECT_NE(requester.store().url().find(':'), std::string::npos);
  EXPECT_GT(requester.store().retry_pause(), Milliseconds::zero());
  EXPECT_LE(requester.store().retry_pause(), 1s);
}

}  // namespace

Checks ending_checks() {
  return {{"NothingIsLeftButFences", nothing_is_left_but_fences},
          {"RefusalsLeaveNothing", refusals_leave_nothing},
          {"WithoutTimeNothingIsSent", without_time_nothing_is_sent},
          {"ClosedConnectionAnswersNothingElse", closed_connection_answers_nothing_else},
          {"ForkedChildHasNoConnection", forked_child_has_no_connection},
          {"KnowsWhatItIs", knows_what_it_is}};
}

Checks all_checks() {
  Checks all;
  for (const auto& some :
       {exclusion_checks(), expiry_checks(), refresh_checks(), loss_checks(), repetition_checks(),
        stranger_checks(), contents_checks(), name_checks(), fence_checks(), list_checks(),
        queue_checks(), queue_leaving_checks(), queue_shown_checks(), hand_over_checks(),
        barging_checks(), done_checks(), ending_checks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace exclusive_lock::conformance
