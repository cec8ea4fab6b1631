// Several clients of one memory store, as the simulation has them: what is pushed to whom, what the
// death of one does to its place in the queue, and what clocks do to it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/scripted_clock.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class MemoryClients : public testing::Test {
 protected:
  struct Client {
    std::shared_ptr<Store> store;
    std::vector<WakeUp> pushed;
  };

  static Owner owner(std::uint8_t id) {
    Owner owner{.id = {}, .ticket = 1};
    owner.id[0] = id;
    return owner;
  }

  std::unique_ptr<Client> client() {
    auto client = std::make_unique<Client>(Client{.store = store->client(), .pushed = {}});
    listen(*client);
    return client;
  }
  static void listen(Client& client) {
    client.store->listen(
        {.wake_up = [&client](const WakeUp& wake_up) { client.pushed.push_back(wake_up); },
         .pushes_resumed = [] {}});
  }

  template <class Reply, class Verb>
  static Answer<Reply> answer_of(Verb verb) {
    Answer<Reply> kept;
    verb([&kept](Answer<Reply> answer) { kept = std::move(answer); });
    return kept;
  }
  Answer<AttemptReply> ask(Store& from, const Owner& requester) {
    return answer_of<AttemptReply>([&](auto done) {
      from.attempt({.key = "k",
                    .owner = requester,
                    .ttl = 1h,
                    .record_tail = "}",
                    .floor = {},
                    .not_after = Instant::max(),
                    .wait_options = WaitOptions{.alive_for = 10s, .confirm_ttl = 5s}},
                   Instant::max(), done);
    });
  }
  AttemptReplyStatus attempt(Store& from, std::uint8_t id) {
    return std::get<AttemptReply>(ask(from, owner(id))).outcome;
  }
  ReleaseReplyStatus release(std::uint8_t id) {
    return std::get<ReleaseReply>(answer_of<ReleaseReply>([&](auto done) {
             store->release({.key = "k", .owner = owner(id)}, Instant::max(), done);
           }))
        .verdict;
  }
  HeartbeatReplyStatus heartbeat(Store& from, std::uint8_t id) {
    return std::get<HeartbeatReply>(answer_of<HeartbeatReply>([&](auto done) {
             from.heartbeat({.key = "k", .owner = owner(id), .ttl = 1h, .alive_for = 10s},
                            Instant::max(), done);
           }))
        .outcome;
  }
  [[nodiscard]] std::optional<Owner> holder() const {
    for (const StoredRecord& record : store->everything()) {
      if (record.key == "k") {
        return record_owner(record.value);
      }
    }
    return std::nullopt;
  }

  conformance::ScriptedClock clock;
  conformance::ScriptedWallClock wall{clock};
  std::shared_ptr<MemoryStore> store = make_memory_store(clock, wall);
};

TEST_F(MemoryClients, WakeUpIsPushedOnceToTheClientThatWaits) {
  const auto one = client();
  const auto two = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*two->store, 2), AttemptReplyStatus::waiting);
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_TRUE(one->pushed.empty());
  ASSERT_EQ(two->pushed.size(), 1U);
  EXPECT_EQ(two->pushed[0].owner, owner(2));
  EXPECT_EQ(heartbeat(*two->store, 2), HeartbeatReplyStatus::granted);
  EXPECT_EQ(two->pushed.size(), 1U);
}

TEST_F(MemoryClients, ListenerMayCallVerbsAndComesAfterTheAnswer) {
  const auto holder_of_it = client();
  ASSERT_EQ(attempt(*holder_of_it->store, 1), AttemptReplyStatus::granted);
  const std::shared_ptr<Store> waiter = store->client();
  std::vector<std::string> order;
  waiter->listen({.wake_up =
                      [&](const WakeUp& wake_up) {
                        order.emplace_back("push");
                        waiter->release({.key = "k", .owner = wake_up.owner}, Instant::max(),
                                        [&](const auto&) { order.emplace_back("given back"); });
                      },
                  .pushes_resumed = [] {}});
  ASSERT_EQ(attempt(*waiter, 2), AttemptReplyStatus::waiting);
  store->release({.key = "k", .owner = owner(1)}, Instant::max(),
                 [&](const auto&) { order.emplace_back("answer"); });
  EXPECT_EQ(order, (std::vector<std::string>{"answer", "push", "given back"}));
  EXPECT_FALSE(holder());
}

TEST_F(MemoryClients, DroppedClientIsDeadButItsRequestsOnTheWayArrive) {
  const auto one = client();
  const auto dropped = client();
  const auto last = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*dropped->store, 2), AttemptReplyStatus::waiting);
  ASSERT_EQ(attempt(*last->store, 3), AttemptReplyStatus::waiting);
  store->drop_client(*dropped->store);
  EXPECT_FALSE(dropped->store->pushes_grants());
  EXPECT_EQ(heartbeat(*dropped->store, 2), HeartbeatReplyStatus::waiting);
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), owner(3));
  EXPECT_TRUE(dropped->pushed.empty());
}

TEST_F(MemoryClients, ClientThatListensAgainIsAliveAgain) {
  const auto one = client();
  const auto waiter = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*waiter->store, 2), AttemptReplyStatus::waiting);
  store->drop_client(*waiter->store);
  listen(*waiter);
  EXPECT_TRUE(waiter->store->pushes_grants());
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), owner(2));
  EXPECT_EQ(waiter->pushed.size(), 1U);
}

TEST_F(MemoryClients, ClosingOneLeavesTheOthersAndTheData) {
  const auto one = client();
  const auto closed = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*closed->store, 2), AttemptReplyStatus::waiting);
  closed->store->close();
  const auto refused = ask(*closed->store, owner(2));
  EXPECT_EQ(std::get<StoreFailure>(refused).code, make_error_code(errc::connection_closed));
  EXPECT_EQ(heartbeat(*one->store, 1), HeartbeatReplyStatus::granted);
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_FALSE(holder()) << "the closed one waited";
}

TEST_F(MemoryClients, ClosingTheStoreClosesAllAndLeavesNothing) {
  const auto one = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*one->store, 2), AttemptReplyStatus::waiting);
  store->close();
  const auto refused = ask(*one->store, owner(1));
  EXPECT_EQ(std::get<StoreFailure>(refused).code, make_error_code(errc::connection_closed));
  EXPECT_TRUE(store->everything().empty());
}

TEST_F(MemoryClients, OrderOfArrivalOutlivesAWallClockThatIsSetBack) {
  const auto one = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*one->store, 2), AttemptReplyStatus::waiting);
  wall.step(-1h);
  ASSERT_EQ(attempt(*one->store, 3), AttemptReplyStatus::waiting);
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), owner(2));
  EXPECT_EQ(release(2), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), owner(3));
}

TEST_F(MemoryClients, QueueOfTheDeadGoesAwayByItself) {
  const auto one = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*one->store, 2), AttemptReplyStatus::waiting);
  clock.advance(59s);
  EXPECT_EQ(store->everything().size(), 4U) << "record, fence, and the two keys of the queue";
  EXPECT_EQ(heartbeat(*one->store, 2), HeartbeatReplyStatus::waiting) << "it was only late";
  clock.advance(59s);
  EXPECT_EQ(store->everything().size(), 4U);
  clock.advance(1s);
  EXPECT_EQ(store->everything().size(), 2U);
  EXPECT_EQ(heartbeat(*one->store, 2), HeartbeatReplyStatus::gone);
}

TEST_F(MemoryClients, FenceThatCannotBeReadStopsTheQueueAndIsTold) {
  const auto one = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*one->store, 2), AttemptReplyStatus::waiting);
  store->plant(fence_key("k").value(), "x", 1h);
  store->erase("k");
  EXPECT_EQ(release(1), ReleaseReplyStatus::not_owner);
  EXPECT_FALSE(holder());
  EXPECT_TRUE(std::holds_alternative<StoreFailure>(ask(*one->store, owner(3))));
  store->erase(fence_key("k").value());
  EXPECT_EQ(heartbeat(*one->store, 2), HeartbeatReplyStatus::granted) << "it kept its place";
}

TEST_F(MemoryClients, FenceOfTheRecordThatEndsMendsOneThatCannotBeRead) {
  const auto one = client();
  ASSERT_EQ(attempt(*one->store, 1), AttemptReplyStatus::granted);
  ASSERT_EQ(attempt(*one->store, 2), AttemptReplyStatus::waiting);
  store->plant(fence_key("k").value(), "x", 1h);
  EXPECT_EQ(release(1), ReleaseReplyStatus::released);
  EXPECT_EQ(heartbeat(*one->store, 2), HeartbeatReplyStatus::granted);
}

}  // namespace
}  // namespace exclusive_lock
