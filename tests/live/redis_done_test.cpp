// What a server can refuse of a release that says that the work was done (G12): the lock is
// released all the same, and the reply says what was not recorded.

#include <gtest/gtest.h>

#include "core/done_mark.hpp"
#include "core/key_codec.hpp"
#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

class DoneOnServer : public testing::TestWithParam<ServerKind> {
 protected:
  DoneOnServer() { admin_.must({"ACL", "SETUSER", "worker", "on", ">pw", "~*", "&*", "+@all"}); }

  [[nodiscard]] RedisStoreOptions worker() const {
    RedisStoreOptions options = options_for(server_);
    options.username = "worker";
    options.password = "pw";
    return options;
  }
  static ReleaseReply release_done(RedisRequester& requester, const Owner& owner) {
    return reply_in(answer_of<ReleaseReply>([&](Done<ReleaseReply> done) {
      requester.store().release({.key = key, .owner = owner, .done_for = 1h}, requester.now() + 20s,
                                std::move(done));
    }));
  }
  [[nodiscard]] bool has_mark() const {
    return server_.client().integer({"EXISTS", done_key(key).value()}) == 1;
  }
  void expect_released_without_mark(RedisRequester& requester, const Owner& owner) {
    const ReleaseReply reply = release_done(requester, owner);
    EXPECT_EQ(reply.verdict, ReleaseReplyStatus::released);
    ASSERT_TRUE(reply.mark_failure);
    EXPECT_EQ(reply.mark_failure->code, errc::permission_denied) << reply.mark_failure->message;
    EXPECT_EQ(server_.client().integer({"EXISTS", key}), 0) << "the lock is free";
    EXPECT_FALSE(has_mark());
  }

  Server server_{{.kind = GetParam()}};
  RawClient admin_ = server_.client();
};

TEST_P(DoneOnServer, RightToWriteThatIsTakenAwayDoesNotKeepTheLock) {
  RedisRequester requester(worker());
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  admin_.must({"ACL", "SETUSER", "worker", "-set"});
  expect_released_without_mark(requester, owner);
}

TEST_P(DoneOnServer, KeyThatIsForbiddenDoesNotKeepTheLock) {
  admin_.must({"ACL", "SETUSER", "worker", "resetkeys", "~" + std::string(key),
               "~" + fence_key(key).value(), "~" + queue_key(key).value(),
               "~" + waiters_key(key).value()});
  RedisRequester requester(worker());
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  expect_released_without_mark(requester, owner);
}

TEST_P(DoneOnServer, FullMemoryKeepsNeitherTheLockNorTheMark) {
  RedisRequester requester(worker());
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  release_done(requester, owner);  // all scripts are there
  admin_.must({"DEL", done_key(key).value()});
  requester.attempt(key, owner);
  admin_.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  admin_.must({"CONFIG", "SET", "maxmemory", "1"});
  const ReleaseReply reply = release_done(requester, owner);
  EXPECT_EQ(reply.verdict, ReleaseReplyStatus::released);
  EXPECT_FALSE(reply.mark_failure);
  EXPECT_TRUE(has_mark());
}

TEST_P(DoneOnServer, FullMemoryClosesTheNameAllTheSame) {
  RedisRequester requester(worker());
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  requester.release(key, owner);
  requester.attempt(key, owner);
  admin_.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  admin_.must({"CONFIG", "SET", "maxmemory", "1"});
  const auto reply = reply_in(answer_of<ReleaseReply>([&](Done<ReleaseReply> done) {
    requester.store().release({.key = key, .owner = owner, .closed_for = 30s},
                              requester.now() + 20s, std::move(done));
  }));
  EXPECT_EQ(reply.verdict, ReleaseReplyStatus::released);
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_LE(*record->remaining_ttl, 30s);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
}

TEST_P(DoneOnServer, WhatSomebodyElsePutThereIsNoMarkAndIsWrittenOver) {
  RedisRequester requester(worker());
  admin_.must({"LPUSH", done_key(key).value(), "a list"});
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  EXPECT_TRUE(requester.inspect(key)) << "another type beside it hurts nobody";
  EXPECT_FALSE(release_done(requester, owner).mark_failure);
  EXPECT_TRUE(has_mark());
}

INSTANTIATE_TEST_SUITE_P(Servers, DoneOnServer, testing::ValuesIn(servers_to_test()),
                         [](const auto& each) { return std::string(name_of(each.param)); });

}  // namespace
}  // namespace exclusive_lock::live
