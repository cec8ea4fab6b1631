// Two-way exclusion with the original package, logdna/exclusive-lock-node: its workers and ours can
// share a lock while a fleet is moved over.
//
// What the original does, on a key that is the prefix, ':' and the squashed name: acquire is
// SET key value PX ttl NX, refresh PEXPIRE, release DEL, the latter two whoever holds the lock. The
// prefix is "exclusive-lock", in its first version "lock-manager"; the value JSON, 1 by default.

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "conformance/requester.hpp"
#include "conformance/server_under_test.hpp"
#include "exclusive_lock/options.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {
namespace {

class Original {
 public:
  Original(live::RawClient client, std::string key)
      : client_(std::move(client)), key_(std::move(key)) {}

  bool acquire(const std::string& value = "1", Milliseconds ttl = long_ttl) {
    return client_.command({"SET", key_, value, "PX", std::to_string(ttl.count()), "NX"}).text ==
           "OK";
  }
  bool refresh(Milliseconds ttl) {
    return client_.integer({"PEXPIRE", key_, std::to_string(ttl.count())}) == 1;
  }
  bool release() { return client_.integer({"DEL", key_}) == 1; }
  std::string inspect() { return client_.text({"GET", key_}); }
  Milliseconds remaining() { return Milliseconds(client_.integer({"PTTL", key_})); }

 private:
  live::RawClient client_;
  std::string key_;
};

// The server's kind, and the original's prefix.
using Place = std::tuple<live::ServerKind, std::string>;

class OriginalPackage : public testing::TestWithParam<Place> {
 protected:
  live::Server server{{.kind = std::get<0>(GetParam())}};
  std::unique_ptr<StoreUnderTest> store = running_server(server.url());
  std::string key = seed_key("nightly report: \xE2\x82\xAC/7", std::get<1>(GetParam()));
  Original original{server.client(), key};
  Requester requester{*store};
};

TEST(OriginalKey, IsSpelledAsTheOriginalSpellsIt) {
  EXPECT_EQ(seed_key("nightly report"), "exclusive-lock:nightly-report");
  EXPECT_EQ(seed_key("nightly report", "lock-manager"), "lock-manager:nightly-report");
}

TEST_P(OriginalPackage, ItsLockKeepsUsOut) {
  for (const char* value : {"1", R"({"pod":"a"})", R"("text")", "true", ""}) {
    ASSERT_TRUE(original.acquire(value));
    EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).outcome,
              AttemptReplyStatus::busy);
    const auto seen = requester.inspect(key);
    ASSERT_TRUE(seen);
    EXPECT_EQ(decode_record(seen->value).kind, RecordKind::stranger);
    EXPECT_EQ(original.inspect(), value);
    EXPECT_TRUE(original.release());
  }
}

TEST_P(OriginalPackage, OurLockKeepsItOut) {
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_FALSE(original.acquire());
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  EXPECT_FALSE(original.acquire());
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  EXPECT_TRUE(original.acquire());
}

TEST_P(OriginalPackage, WeNeitherDeleteNorProlongItsRecord) {
  ASSERT_TRUE(original.acquire(R"({"pod":"a"})"));
  const Owner owner = new_owner();
  EXPECT_EQ(requester.refresh(key, owner, 10 * long_ttl), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.attempt({.key = key, .owner = owner, .ttl = 10 * long_ttl}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(original.inspect(), R"({"pod":"a"})");
  EXPECT_LE(original.remaining(), long_ttl);
  EXPECT_GT(original.remaining(), Milliseconds::zero());
}

TEST_P(OriginalPackage, WeLearnWhenItDeletesOurRecord) {
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(original.release()) << "it does not ask whose it is";
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
  ASSERT_TRUE(original.acquire());
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(original.inspect(), "1");
}

// It prolongs whatever it finds. Our hold ends when we say so all the same: we only count on our
// own refreshes.
TEST_P(OriginalPackage, ItsRefreshDoesNotHarmOurs) {
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(original.refresh(2 * long_ttl));
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  EXPECT_LE(original.remaining(), long_ttl);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

TEST_P(OriginalPackage, LockChangesHandsBothWays) {
  Fence last;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(original.acquire());
    const Owner owner = new_owner();
    EXPECT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::busy);
    ASSERT_TRUE(original.release());
    const AttemptReply reply = requester.attempt({.key = key, .owner = owner});
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
    EXPECT_GT(reply.fence, last);
    last = reply.fence;
    EXPECT_FALSE(original.acquire());
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, OriginalPackage,
                         testing::Combine(testing::Values(live::ServerKind::redis,
                                                          live::ServerKind::valkey),
                                          testing::Values("exclusive-lock", "lock-manager")),
                         [](const auto& each) {
                           const bool is_redis = std::get<0>(each.param) == live::ServerKind::redis;
                           const bool is_first = std::get<1>(each.param) == "lock-manager";
                           return std::string(is_redis ? "redis" : "valkey") +
                                  (is_first ? "_first_version" : "");
                         });

}  // namespace
}  // namespace exclusive_lock::conformance
