// What a server tells those that wait, over the second connection, and what is done without it.

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/record_codec.hpp"
#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "live/job_key.hpp"
#include "live/queue_entries.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

// A store that listens.
class Listener {
 public:
  explicit Listener(const Server& server) : Listener(options_for(server)) {}
  explicit Listener(const RedisStoreOptions& options) : requester(options) {
    requester.store().listen({.wake_up =
                                  [this](const WakeUp& wake_up) {
                                    const std::lock_guard guard(mutex_);
                                    wake_ups_.push_back(wake_up);
                                  },
                              .pushes_resumed =
                                  [this] {
                                    const std::lock_guard guard(mutex_);
                                    ++resumptions_;
                                  }});
  }
  ~Listener() { requester.store().close(); }  // before what the callbacks use
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The first attempt with wait options opens the connection.
  ::testing::AssertionResult subscribes() {
    requester.patient_attempt("exclusive-lock:opener", new_owner());
    if (!eventually([this] { return requester.store().pushes_grants(); })) {
      return ::testing::AssertionFailure() << "no subscription";
    }
    return ::testing::AssertionSuccess();
  }

  std::vector<WakeUp> wake_ups() {
    const std::lock_guard guard(mutex_);
    return wake_ups_;
  }
  int resumptions() {
    const std::lock_guard guard(mutex_);
    return resumptions_;
  }

 private:
  std::mutex mutex_;
  std::vector<WakeUp> wake_ups_;
  int resumptions_ = 0;

 public:
  RedisRequester requester;
};

class Pushes : public testing::TestWithParam<ServerKind> {
 protected:
  Server server{{.kind = GetParam()}};
  RawClient client{server.client()};

  std::vector<std::string> channels() { return client.texts({"PUBSUB", "CHANNELS", "*"}); }
  // Of the one subscriber.
  int seconds_of_silence() {
    const std::string list = client.must({"CLIENT", "LIST", "TYPE", "pubsub"}).text;
    const std::string word = " idle=";
    const std::size_t at = list.find(word);
    return at == std::string::npos ? -1 : std::stoi(list.substr(at + word.size()));
  }
  RedisStoreOptions options_with_short_silence() {
    RedisStoreOptions options = options_for(server);
    options.command_timeout = 300ms;
    return options;
  }
  std::optional<Owner> holder() { return record_owner(client.must({"GET", key}).text); }
};

INSTANTIATE_TEST_SUITE_P(Servers, Pushes, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(Pushes, HandOverWakesTheOneThatWaits) {
  Listener holder_side(server);
  Listener waiting_side(server);
  ASSERT_TRUE(holder_side.subscribes());
  ASSERT_TRUE(waiting_side.subscribes());
  const Owner first = new_owner();
  const Owner second = new_owner();
  holder_side.requester.attempt(key, first);
  EXPECT_EQ(waiting_side.requester.patient_attempt(key, second).outcome,
            AttemptReplyStatus::waiting);
  holder_side.requester.release(key, first);
  ASSERT_TRUE(eventually([&] { return !waiting_side.wake_ups().empty(); }));
  EXPECT_EQ(waiting_side.wake_ups()[0].owner, second);
  EXPECT_EQ(waiting_side.requester.heartbeat(key, second).outcome, HeartbeatReplyStatus::granted);
  EXPECT_TRUE(holder_side.wake_ups().empty());
  EXPECT_EQ(channels().size(), 2U);
}

TEST_P(Pushes, OneConnectionServesAllLocksAndIsOpenedWhenSomebodyWaits) {
  Listener listener(server);
  EXPECT_FALSE(listener.requester.store().pushes_grants());
  const Owner first = new_owner();
  for (int i = 0; i < 20; ++i) {
    listener.requester.attempt("exclusive-lock:" + std::to_string(i), first);
  }
  EXPECT_TRUE(channels().empty());
  ASSERT_TRUE(listener.subscribes());
  EXPECT_EQ(listener.resumptions(), 1);
  for (int i = 0; i < 20; ++i) {
    listener.requester.patient_attempt("exclusive-lock:" + std::to_string(i), new_owner());
  }
  for (int i = 0; i < 20; ++i) {
    listener.requester.release("exclusive-lock:" + std::to_string(i), first);
  }
  ASSERT_TRUE(eventually([&] { return listener.wake_ups().size() == 20; }));
  ASSERT_EQ(channels().size(), 1U);
  EXPECT_TRUE(channels()[0].starts_with("exclusive-lock:push:"));
}

TEST_P(Pushes, ThousandsInABurstAllArrive) {
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  const std::string message = owner_text(new_owner());
  for (int i = 0; i < 3000; ++i) {
    client.send({"PUBLISH", channels()[0], message});
    client.receive();
  }
  EXPECT_TRUE(eventually([&] { return listener.wake_ups().size() == 3000; }));
}

TEST_P(Pushes, WaiterWhoseProcessIsGoneIsSkippedAtOnce) {
  const Owner first = new_owner();
  RedisRequester requester(server);
  requester.attempt(key, first);
  const Owner gone = new_owner();
  {
    Listener listener(server);
    ASSERT_TRUE(listener.subscribes());
    EXPECT_EQ(listener.requester.patient_attempt(key, gone).position, 1U);
  }
  ASSERT_TRUE(eventually([&] { return channels().empty(); }));
  const Owner second = new_owner();
  EXPECT_EQ(requester.patient_attempt(key, second).position, 2U);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), second);
}

// An entry that was made before the subscription was there names no channel yet.
TEST_P(Pushes, HeartbeatNamesTheChannel) {
  Listener listener(server);
  const Owner first = new_owner();
  const Owner second = new_owner();
  listener.requester.attempt(key, first);
  listener.requester.patient_attempt(key, second);
  ASSERT_TRUE(listener.subscribes());
  EXPECT_EQ(listener.requester.heartbeat(key, second).outcome, HeartbeatReplyStatus::waiting);
  listener.requester.release(key, first);
  EXPECT_TRUE(eventually([&] { return !listener.wake_ups().empty(); }));
}

TEST_P(Pushes, LostSubscriptionComesBackAndSaysSo) {
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  for (int kills = 1; kills <= 3; ++kills) {
    client.must({"CLIENT", "KILL", "TYPE", "pubsub"});
    ASSERT_TRUE(eventually([&] { return listener.resumptions() == kills + 1; }));
    EXPECT_TRUE(listener.requester.store().pushes_grants());
    const Owner first = new_owner();
    listener.requester.attempt(key, first);
    const Owner second = new_owner();
    listener.requester.patient_attempt(key, second);
    listener.requester.release(key, first);
    ASSERT_TRUE(eventually([&] {
      return !listener.wake_ups().empty() && listener.wake_ups().back().owner == second;
    }));
    listener.requester.release(key, second);
  }
}

TEST_P(Pushes, RestartedServerIsSubscribedToAgain) {
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  server.restart(ServerData::lost);
  ASSERT_TRUE(eventually([&] { return listener.resumptions() == 2; }));
  EXPECT_TRUE(listener.requester.works_again());
}

TEST_P(Pushes, SilentServerEndsTheSubscription) {
  Listener listener(options_with_short_silence());
  ASSERT_TRUE(listener.subscribes());
  server.pause();
  EXPECT_TRUE(eventually([&] { return !listener.requester.store().pushes_grants(); }));
  server.resume();
  EXPECT_TRUE(eventually([&] { return listener.resumptions() >= 2; }));
}

// What proves that the server lives is asked over the connection of the commands.
TEST_P(Pushes, UnusedSubscriptionIsNotAskedForSignsOfLife) {
  Listener listener(options_with_short_silence());
  ASSERT_TRUE(listener.subscribes());
  EXPECT_TRUE(eventually([&] { return seconds_of_silence() >= 2; }));
  EXPECT_TRUE(listener.requester.store().pushes_grants());
}

TEST_P(Pushes, SubscriptionThatAWaiterReliesOnIsAskedForASignOfLife) {
  Listener listener(options_with_short_silence());
  ASSERT_TRUE(listener.subscribes());
  listener.requester.attempt(key, new_owner());
  const Owner waiter = new_owner();
  listener.requester.patient_attempt(key, waiter);
  ASSERT_TRUE(eventually([&] { return seconds_of_silence() >= 2; }));
  listener.requester.heartbeat(key, waiter);
  EXPECT_TRUE(eventually([&] { return seconds_of_silence() == 0; }));
}

TEST_P(Pushes, NonsenseIsIgnored) {
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  const std::string channel = channels()[0];
  const Owner owner = new_owner();
  const std::string text = owner_text(owner);
  for (const std::string& message :
       {std::string(), std::string("x"), text + " ", " " + text, text + "0", text.substr(1),
        text + " 1 2", text + "\n", std::string(100'000, ' ')}) {
    client.must({"PUBLISH", channel, message});
  }
  client.must({"PUBLISH", channel, text});
  ASSERT_TRUE(eventually([&] { return !listener.wake_ups().empty(); }));
  EXPECT_EQ(listener.wake_ups().size(), 1U);
  EXPECT_EQ(listener.wake_ups()[0].owner, owner);
  EXPECT_EQ(listener.resumptions(), 1);
}

// By a user who may publish: the store's reply to the heartbeat decides (G1).
TEST_P(Pushes, ForgedOneBeginsNoHoldAndChangesNoFence) {
  const auto connection = connect(server.url());
  ExclusiveLock holder({.app_name = "job", .cache_connection = connection});
  ASSERT_TRUE(holder.acquire());
  ExclusiveLock waiter({.app_name = "job", .cache_connection = connection});
  std::jthread waits([&](const std::stop_token&) { EXPECT_TRUE(waiter.acquire_for(1min)); });
  const auto entries = [&] { return entries_in(client, "{exclusive-lock:job}:queue"); };
  ASSERT_TRUE(eventually([&] { return entries().size() == 1 && !channels().empty(); }));
  const std::string before = entries().at(0);
  const std::string owner = text_in(before, EntryField::owner);
  client.must({"PUBLISH", channels().at(0), owner});
  client.must({"PUBLISH", channels().at(0), owner + " 9007199254740000 9007199254740000"});
  ASSERT_TRUE(eventually([&] { return entries().at(0) != before; })) << "it asks";
  EXPECT_TRUE(holder.held());
  EXPECT_FALSE(waiter.held());
  const Fence last = *holder.fence();
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  waits.join();
  EXPECT_GT(*waiter.fence(), last);
  EXPECT_LT(waiter.fence()->value, 9'007'199'254'740'000U);
}

TEST_P(Pushes, ClosedStoreHearsNothing) {
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  listener.requester.store().close();
  EXPECT_FALSE(listener.requester.store().pushes_grants());
  EXPECT_TRUE(eventually([&] { return channels().empty(); }));
}

RedisStoreOptions options_of_user(const Server& server) {
  RedisStoreOptions options = options_for(server);
  options.username = "locker";
  options.password = "secret";
  return options;
}

TEST_P(Pushes, WithoutTheRightToSubscribeItIsSaidOnceAndNotTriedAgainSoon) {
  client.must({"ACL", "SETUSER", "locker", "reset", "on", ">secret", "+@all", "-subscribe",
               "~exclusive-lock:*", "~{exclusive-lock:*"});
  std::ostringstream text;
  const SystemClockSource clock;
  const auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  {
    const auto store = open_redis_store(options_of_user(server), clock, log);
    RedisRequester requester(server);
    client.must({"CONFIG", "RESETSTAT"});
    const auto asks = [&](const std::string& name) {
      return std::holds_alternative<AttemptReply>(answer_of<AttemptReply>([&](auto done) {
        store->attempt(requester.patient_request(name, new_owner()), clock.now() + test_limit,
                       std::move(done));
      }));
    };
    EXPECT_TRUE(asks(key));
    // The command that is refused, and its statistics, differ by server; its connection does not.
    const auto connections = [&] {
      const std::string stats = client.text({"INFO", "stats"});
      const std::string mark = "total_connections_received:";
      return std::stoi(stats.substr(stats.find(mark) + mark.size()));
    };
    const auto clients = [&] {
      const std::string stats = client.text({"INFO", "clients"});
      const std::string mark = "connected_clients:";
      return std::stoi(stats.substr(stats.find(mark) + mark.size()));
    };
    ASSERT_TRUE(eventually([&] { return connections() == 1 && clients() == 3; }));
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(asks("exclusive-lock:" + std::to_string(i)));
    }
    EXPECT_EQ(connections(), 1);
    EXPECT_FALSE(store->pushes_grants());
    store->close();
  }
  const std::string said = text.str();
  EXPECT_NE(said.find("subscribe"), std::string::npos) << said;
  EXPECT_EQ(said.find("does not tell"), said.rfind("does not tell")) << said;
}

TEST_P(Pushes, RightToItsChannelsSuffices) {
  client.must({"ACL", "SETUSER", "locker", "reset", "on", ">secret", "+@all", "~exclusive-lock:*",
               "~{exclusive-lock:*", "resetchannels", "&exclusive-lock:push:*"});
  Listener listener(options_of_user(server));
  ASSERT_TRUE(listener.subscribes());
  const Owner first = new_owner();
  listener.requester.attempt(key, first);
  listener.requester.patient_attempt(key, new_owner());
  listener.requester.release(key, first);
  EXPECT_TRUE(eventually([&] { return listener.wake_ups().size() == 1; }));
}

TEST_P(Pushes, WithoutTheRightToPublishHandOverGoesOn) {
  client.must({"ACL", "SETUSER", "locker", "reset", "on", ">secret", "+@all", "-publish",
               "~exclusive-lock:*", "~{exclusive-lock:*"});
  Listener listener(server);
  ASSERT_TRUE(listener.subscribes());
  RedisRequester holder_side(options_of_user(server));
  const Owner first = new_owner();
  const Owner second = new_owner();
  holder_side.attempt(key, first);
  listener.requester.patient_attempt(key, second);
  EXPECT_EQ(holder_side.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(listener.requester.heartbeat(key, second).outcome, HeartbeatReplyStatus::granted);
  EXPECT_TRUE(listener.wake_ups().empty());
}

}  // namespace
}  // namespace exclusive_lock::live
