// Hand-overs with a waiter that nobody can wake here, and without a right that they need. What must
// hold is said in docs/decisions/0008-fair-hand-over.md.

#include <utility>

#include "live/redis_queue.hpp"
#include "stores/redis/script_calls.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using namespace queue;

std::vector<std::string> words_of(const redis::ScriptCall& call) {
  std::vector<std::string> words;
  call.send(redis::ScriptForm::by_text, "echo", 0, [&words](const redis::Command& command) {
    words.assign(command.begin(), command.end());
  });
  return words;
}

class HandOver : public Queue {
 protected:
  static constexpr const char* channel = "exclusive-lock:push:of-a-test";

  void SetUp() override {
    client.must({"ACL", "SETUSER", "locker", "on", ">secret", "+@all", "~*", "&*"});
  }

  void change_rights(const std::vector<std::string>& changes) {
    std::vector<std::string> words{"ACL", "SETUSER", "locker"};
    words.insert(words.end(), changes.begin(), changes.end());
    client.must(words);
  }
  RedisStoreOptions options_of_locker() const {
    RedisStoreOptions options = options_for(server);
    options.username = "locker";
    options.password = "secret";
    return options;
  }

  // Waits as a store whose subscription is to that channel.
  Owner waits_at(const std::string& where) {
    const Owner owner = new_owner();
    client.must(words_of(
        redis::acquire_call(requester.patient_request(key, owner), *redis::lock_keys(key), where)));
    return owner;
  }

  // All that was published to the subscriber, which is to get a marker behind it.
  std::vector<std::string> heard_by(RawClient& subscriber, const std::string& where) {
    client.must({"PUBLISH", where, "marker"});
    std::vector<std::string> messages;
    while (true) {
      const Reply message = subscriber.receive();
      if (message.items.at(2).text == "marker") {
        return messages;
      }
      messages.push_back(message.items.at(2).text);
    }
  }

  std::vector<std::string> queue_with_places() {
    return client.texts({"ZRANGE", queue_at, "0", "-1", "WITHSCORES"});
  }
  std::int64_t calls_of(const std::string& command) {
    const std::string stats = client.text({"INFO", "commandstats"});
    const std::string mark = "cmdstat_" + command + ":calls=";
    const auto at = stats.find(mark);
    return at == std::string::npos ? 0 : std::stoll(stats.substr(at + mark.size()));
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, HandOver, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

// --- whom nobody can wake here
// --------------------------------------------------------------------

// A server counts its own subscribers; those of its replicas hear all the same.
TEST_P(HandOver, NothingIsPublishedForAWaiterThatListensAtAReplicaOnly) {
  Server replica({.kind = GetParam()});
  RawClient there = replica.client();
  client.must({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});
  there.must({"REPLICAOF", "127.0.0.1", std::to_string(server.port())});
  ASSERT_TRUE(eventually([&] { return says(there, {"INFO", "replication"}, "link_status:up"); }));
  RawClient subscriber = replica.client();
  subscriber.must({"SUBSCRIBE", channel});
  for (const std::size_t pass_count : {0U, 1U}) {
    const Owner first = new_owner();
    ASSERT_EQ(requester.attempt(key, first).outcome, AttemptReplyStatus::granted);
    waits_at(channel);
    const Owner next = waits_at("");
    EXPECT_EQ(requester.release(key, first, pass_count), ReleaseReplyStatus::released);
    EXPECT_EQ(requester.heartbeat(key, next).outcome, HeartbeatReplyStatus::granted);
    EXPECT_EQ(heard_by(subscriber, channel), std::vector<std::string>());
    EXPECT_EQ(requester.release(key, next), ReleaseReplyStatus::released);
  }
}

TEST_P(HandOver, NothingIsPublishedForAWaiterWithoutAChannel) {
  for (const std::size_t pass_count : {0U, 1U}) {
    const Owner first = new_owner();
    requester.attempt(key, first);
    const Owner next = waits_at("");
    client.must({"CONFIG", "RESETSTAT"});
    EXPECT_EQ(requester.release(key, first, pass_count), ReleaseReplyStatus::released);
    EXPECT_EQ(calls_of("publish"), 0);
    EXPECT_EQ(requester.heartbeat(key, next).outcome, HeartbeatReplyStatus::granted);
    requester.release(key, next);
  }
}

TEST_P(HandOver, WithoutTheRightToAskForListenersAWakeUpAsks) {
  change_rights({"-pubsub"});
  RedisRequester holder_side(options_of_locker());
  RawClient subscriber = server.client();
  subscriber.must({"SUBSCRIBE", channel});
  const Owner first = new_owner();
  holder_side.attempt(key, first);
  const Owner dead = waits_at("exclusive-lock:push:of-the-dead");
  const Owner next = waits_at(channel);
  EXPECT_EQ(holder_side.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), next) << "not " << owner_text(dead);
  EXPECT_EQ(heard_by(subscriber, channel), std::vector<std::string>(2, owner_text(next)));
}

TEST_P(HandOver, WithoutTheRightToAskOrToPublishTheWaiterLooksForItself) {
  change_rights({"-pubsub", "-publish"});
  RedisRequester holder_side(options_of_locker());
  const Owner first = new_owner();
  holder_side.attempt(key, first);
  const Owner next = waits_at(channel);
  EXPECT_EQ(holder_side.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.heartbeat(key, next).outcome, HeartbeatReplyStatus::granted);
}

// --- what is refused on the way
// -------------------------------------------------------------------

TEST_P(HandOver, RefusedSetStopsItAndLosesNobody) {
  using Ends = std::function<void(RedisRequester&, const Owner&)>;
  const std::vector<std::pair<std::string, Ends>> ends{
      {"release",
       [](RedisRequester& user, const Owner& owner) {
         EXPECT_EQ(user.release(key, owner), ReleaseReplyStatus::released);
       }},
      {"force", [this](RedisRequester& user, const Owner&) {
         EXPECT_TRUE(user.remove(key, client.text({"GET", key})));
       }}};
  for (const auto& [what, end] : ends) {
    for (const bool is_full : {false, true}) {
      SCOPED_TRACE(what + (is_full ? " where memory is full" : ""));
      RawClient subscriber = server.client();
      subscriber.must({"SUBSCRIBE", channel});
      change_rights({"+@all"});
      RedisRequester user(options_of_locker());
      const Owner first = new_owner();
      ASSERT_EQ(user.attempt(key, first).outcome, AttemptReplyStatus::granted);
      const Owner next = waits_at(channel);
      const Owner last = waits_at("");
      const auto before = queue_with_places();
      change_rights({"-set"});
      client.must({"CONFIG", "SET", "maxmemory", is_full ? "1" : "0"});
      end(user, first);
      EXPECT_EQ(client.integer({"EXISTS", key}), 0);
      EXPECT_EQ(queue_with_places(), before);
      expect_ttl_everywhere(client);
      EXPECT_EQ(heard_by(subscriber, channel), std::vector<std::string>());
      EXPECT_EQ(requester.heartbeat(key, next).outcome, HeartbeatReplyStatus::granted)
          << "one with the right";
      EXPECT_EQ(requester.heartbeat(key, last).position, 1U);
      client.must({"CONFIG", "SET", "maxmemory", "0"});
      client.must({"FLUSHALL"});
    }
  }
}

TEST_P(HandOver, MissingRightKeepsNobodyFromReleasing) {
  for (const std::string missing :
       {"set", "zrangebyscore", "zcount", "zscore", "zrem", "publish", "pubsub", "get"}) {
    for (const std::size_t pass_count : {0U, 1U}) {
      SCOPED_TRACE(missing + ", pass_count " + std::to_string(pass_count));
      change_rights({"+@all"});
      RedisRequester user(options_of_locker());
      const Owner first = new_owner();
      user.attempt(key, first);
      const std::vector<Owner> waiters{waits_at(""), waits_at("")};
      change_rights({"-" + missing});
      EXPECT_EQ(user.release(key, first, pass_count), ReleaseReplyStatus::released);
      EXPECT_NE(holder(), first);
      EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::granted);
      EXPECT_EQ(requester.heartbeat(key, waiters[1]).position, 1U);
      client.must({"FLUSHALL"});
    }
  }
}

TEST_P(HandOver, WithoutTheRightToPutItBackAWaiterComesBackToItsPlace) {
  RedisRequester user(options_of_locker());
  const Owner first = new_owner();
  user.attempt(key, first);
  AttemptRequest next = requester.patient_request(key, new_owner());
  next.wait_options->arrived_at = reply_in(requester.attempt_answer(next)).arrived_at;
  waits_at("");
  change_rights({"-set", "-zadd"});
  EXPECT_EQ(user.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(waiting(), 1) << "one is taken, and not another one";
  requester.attempt("exclusive-lock:other", new_owner());
  client.must({"SET", key, "a stranger's"});
  EXPECT_EQ(requester.heartbeat(key, next.owner).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(reply_in(requester.attempt_answer(next)).position, 1U);
}

TEST_P(HandOver, RefusalIsReportedToAHeartbeatAndAnAttempt) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  const Owner next = waits_at("");
  const auto before = queue_with_places();
  client.must({"DEL", key});
  change_rights({"-set"});
  RedisRequester user(options_of_locker());
  EXPECT_TRUE(
      is_failure(failure_in(user.heartbeat_answer(key, next)), errc::permission_denied, {"set"}));
  EXPECT_TRUE(is_failure(failure_in(user.attempt_answer(user.request(key, new_owner()))),
                         errc::permission_denied, {"set"}));
  EXPECT_EQ(user.release(key, new_owner()), ReleaseReplyStatus::not_owner);
  EXPECT_FALSE(user.remove(key, "something else"));
  EXPECT_EQ(queue_with_places(), before);
  EXPECT_EQ(user.release(key, next), ReleaseReplyStatus::left);
}

}  // namespace
}  // namespace exclusive_lock::live
