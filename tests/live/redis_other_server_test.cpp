// Servers that tell to ask another one, or the same one later: nodes of a cluster, and a server
// that is still reading its data.

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

// A node of a cluster that serves all slots, but for that of `key`, which is another's.
class ClusterNode {
 public:
  ClusterNode() {
    RawClient client = server.client();
    for (int slot = 0; slot < 16384; ++slot) {
      client.send({"CLUSTER", "ADDSLOTS", std::to_string(slot)});
    }
    for (int slot = 0; slot < 16384; ++slot) {
      client.receive();
    }
    const std::string id = other.client().text({"CLUSTER", "MYID"});
    client.must({"CLUSTER", "MEET", "127.0.0.1", std::to_string(other.port())});
    const bool is_known = eventually([&] { return says(client, {"CLUSTER", "NODES"}, id); });
    const auto slot = std::to_string(client.integer({"CLUSTER", "KEYSLOT", key}));
    const bool is_ready = is_known && eventually([&] {
                            client.command({"CLUSTER", "SETSLOT", slot, "NODE", id});
                            return says(client, {"GET", key}, "MOVED");
                          });
    if (!is_ready) {
      throw std::runtime_error("the cluster does not come up");
    }
  }

  // The slot of this key is on its way to the other node: keys that are not here are there.
  void move_slot_of(const std::string& moving) {
    RawClient client = server.client();
    client.must({"CLUSTER", "SETSLOT",
                 std::to_string(client.integer({"CLUSTER", "KEYSLOT", moving})), "MIGRATING",
                 other.client().text({"CLUSTER", "MYID"})});
  }

  Server server{{.arguments = {"--cluster-enabled", "yes"}}};
  Server other{{.arguments = {"--cluster-enabled", "yes"}}};
};

TEST(RedisRefusal, ClusterNodeServesItsSlotsAndTellsAboutOthers) {
  ClusterNode node;
  RedisRequester requester(node.server);
  EXPECT_EQ(requester.attempt("exclusive-lock:here", new_owner()).outcome,
            AttemptReplyStatus::granted);
  const auto moved = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(moved, errc::unsuitable_store, {"MOVED", "cluster", "URL"}));
  EXPECT_FALSE(moved.may_have_run);
  RedisStoreOptions options = options_for(node.server);
  options.database = 1;
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::unsuitable_store, {"cluster"}));
}

TEST(RedisRefusal, ClusterWithoutItsSlotsIsUnavailable) {
  Server server({.arguments = {"--cluster-enabled", "yes"}});
  RedisRequester requester(server);
  EXPECT_TRUE(is_failure(failure_in(requester.attempt_answer(requester.request(key, new_owner()))),
                         errc::store_unavailable, {"CLUSTERDOWN", "cluster"}));
}

// Where none of the keys of an acquire is here any more, and where some are.
TEST(RedisRefusal, SlotThatMovesIsToldAndNotFollowed) {
  ClusterNode node;
  RedisRequester requester(node.server);
  const std::string here = "exclusive-lock:here";
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt(here, owner).outcome, AttemptReplyStatus::granted);
  node.move_slot_of(here);
  const auto again = failure_in(requester.attempt_answer(requester.request(here, new_owner())));
  EXPECT_TRUE(is_failure(again, errc::store_busy, {"TRYAGAIN", "cluster"}));
  EXPECT_FALSE(again.may_have_run);

  const std::string moved = "exclusive-lock:moved";
  node.move_slot_of(moved);
  const auto ask = failure_in(requester.attempt_answer(requester.request(moved, new_owner())));
  EXPECT_TRUE(is_failure(ask, errc::unsuitable_store, {"ASK", "cluster"}));
  EXPECT_FALSE(ask.may_have_run);
}

class Loading : public testing::TestWithParam<ServerKind> {};

// False also where there is no server yet.
bool is_told_to_wait(const Server& server) {
  try {
    RedisRequester requester(server);
    const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
    return !failure.may_have_run && is_failure(failure, errc::store_loading, {"LOADING"});
  } catch (const StoreError&) {
    return false;
  }
}

TEST_P(Loading, IsToldAndHasAnEnd) {
  // It reads a key in 20 ms, and answers after each KiB.
  Server server({.kind = GetParam(),
                 .persistent = true,
                 .arguments = {"--key-load-delay", "20000",
                               "--loading-process-events-interval-bytes", "1024"}});
  RawClient client = server.client();
  for (int i = 0; i < 50; ++i) {
    client.must({"SET", "filler" + std::to_string(i), std::string(2000, 'x')});
  }
  client.command({"BGREWRITEAOF"});
  ASSERT_TRUE(eventually([&] {
    return !says(client, {"INFO", "persistence"}, "aof_last_rewrite_time_sec:-1");
  }));
  std::atomic<bool> is_told = false;
  {
    const std::jthread asking([&](const std::stop_token& stop) {
      while (!stop.stop_requested() && !is_told) {
        is_told = is_told_to_wait(server);
      }
    });
    server.restart(ServerData::kept);
  }
  EXPECT_TRUE(is_told);
  // KeyDB answers the PING of who restarts it before it has read everything.
  RawClient reader = server.client();
  ASSERT_TRUE(eventually([&] { return !says(reader, {"GET", "filler0"}, "LOADING"); }));
  RedisRequester requester(server);
  EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::granted);
}

INSTANTIATE_TEST_SUITE_P(Servers, Loading, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace exclusive_lock::live
