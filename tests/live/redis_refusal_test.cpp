// Servers that refuse: at the door, or single requests. Every refusal has its own code and says
// what to do; nothing that was refused is said to have maybe been carried out.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

TEST(RedisRefusal, OutOfMemoryRefusesNewLocksOnly) {
  Server server({.arguments = {"--maxmemory-policy", "noeviction"}});
  RedisRequester requester(server);
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  requester.attempt("exclusive-lock:other", owner);
  requester.refresh(key, owner);
  requester.release("exclusive-lock:other", owner);  // all scripts are there
  server.client().must({"CONFIG", "SET", "maxmemory", "1"});

  const auto refused =
      failure_in(requester.attempt_answer(requester.request("exclusive-lock:new", new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_out_of_memory, {"OOM", "maxmemory"}));
  EXPECT_FALSE(refused.may_have_run);
  EXPECT_EQ(server.client().integer({"EXISTS", "exclusive-lock:new"}), 0);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  EXPECT_TRUE(requester.inspect(key));
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

TEST(RedisRefusal, ServerThatCannotSaveRefusesWrites) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  RawClient client = server.client();
  std::filesystem::create_directory(server.folder() / "dump.rdb");  // where it wants to write
  client.must({"CONFIG", "SET", "save", "3600 1"});
  client.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] {
    return says(client, {"INFO", "persistence"}, "rdb_last_bgsave_status:err");
  }));

  const auto refused =
      failure_in(requester.attempt_answer(requester.request("exclusive-lock:new", new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_not_persisting, {"MISCONF", "disk"}));
  EXPECT_FALSE(refused.may_have_run);
  EXPECT_TRUE(requester.inspect(key));
  // PING is refused too; a connection that is idle must not be given up for that.
  client.must({"CONFIG", "RESETSTAT"});
  ASSERT_TRUE(eventually([&] {
    return says(client, {"INFO", "commandstats"}, "cmdstat_time:calls=3,");
  }));
  EXPECT_TRUE(says(client, {"INFO", "stats"}, "total_connections_received:0"));
}

TEST(RedisRefusal, ReplicaIsRefusedAtTheDoor) {
  const Server server;
  server.client().must({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_TRUE(is_failure(failure_to_open(options_for(server)), errc::store_read_only,
                         {"replica", "master"}));
}

TEST(RedisRefusal, ServerThatBecomesAReplicaIsLeftUntilThereIsAMasterAgain) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  client.must({"REPLICAOF", "127.0.0.1", "1"});
  client.must({"CONFIG", "RESETSTAT"});
  const auto refused = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_failed_over, {"READONLY", "replica", "master"}));
  EXPECT_FALSE(refused.may_have_run);
  // It looks for the master at the same address: a new connection, which is refused at the door.
  ASSERT_TRUE(eventually([&] {
    return !says(client, {"INFO", "stats"}, "total_connections_received:0");
  }));
  ASSERT_TRUE(eventually([&] {
    return is_failure(failure_in(requester.inspect_answer(key)), errc::store_failed_over,
                      {"this server is a replica"});
  }));
  client.must({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(requester.works_again());
  EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::granted);
}

TEST(RedisRefusal, MissingAndWrongPasswordsAreToldApart) {
  Server server({.arguments = {"--requirepass", "right-one"}});
  RedisStoreOptions options = options_for(server);
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::authentication_required, {"password"}));
  options.password = "wrong-one";
  const auto failure = failure_to_open(options);
  EXPECT_TRUE(is_failure(failure, errc::wrong_password, {"password"}));
  EXPECT_EQ(failure.message.find("wrong-one"), std::string::npos);
  options.password = "right-one";
  EXPECT_TRUE(RedisRequester(options).attempt(key, new_owner()).fence.value > 0);
}

TEST(RedisRefusal, RefusalFailsPendingOperationsAtOnce) {
  Server server({.arguments = {"--requirepass", "first"}});
  RedisStoreOptions options = options_for(server);
  options.password = "first";
  RedisRequester requester(options);
  RawClient client = server.client();
  client.must({"AUTH", "first"});
  client.must({"CONFIG", "SET", "requirepass", "second"});
  client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  // Well before the 20 s that the operation has.
  const Instant before = requester.now();
  ASSERT_TRUE(eventually(
      [&] { return is_failure(failure_in(requester.inspect_answer(key)), errc::wrong_password); }));
  EXPECT_LT(requester.now() - before, test_limit);
  client.must({"CONFIG", "SET", "requirepass", "first"});
  EXPECT_TRUE(requester.works_again());
}

TEST(RedisRefusal, FullHouseIsTooManyClients) {
  Server server;
  RawClient inside = server.client();
  inside.must({"CONFIG", "SET", "maxclients", "1"});
  EXPECT_TRUE(
      is_failure(failure_to_open(options_for(server)), errc::too_many_clients, {"maxclients"}));
  inside.must({"CONFIG", "SET", "maxclients", "100"});
  EXPECT_EQ(failure_to_open(options_for(server)).code, std::error_code());
}

TEST(RedisRefusal, BusyScriptOfSomebodyElseIsStoreBusy) {
  Server server;
  RedisRequester requester(server);
  requester.inspect(key);
  RawClient client = server.client();
  client.must({"CONFIG", "SET", "lua-time-limit", "50"});
  RawClient stuck = server.client();
  stuck.send({"EVAL", "while true do end", "0"});
  ASSERT_TRUE(eventually([&] { return says(client, {"PING"}, "BUSY"); }));
  const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_busy, {"BUSY", "SCRIPT KILL"}));
  EXPECT_FALSE(failure.may_have_run);
  // One can be made while it lasts; what it asks is refused, not lost.
  RedisRequester late(server);
  EXPECT_TRUE(is_failure(failure_in(late.inspect_answer(key)), errc::store_busy));
  client.must({"SCRIPT", "KILL"});
  EXPECT_TRUE(requester.works_again());
  EXPECT_TRUE(late.works_again());
}

TEST(RedisRefusal, MissingReplicasAreTold) {
  Server server;
  RedisRequester requester(server);
  server.client().must({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_not_persisting, {"min-replicas-to-write"}));
  EXPECT_FALSE(failure.may_have_run);
}

// As a replica it has nothing to say without its master.
TEST(RedisRefusal, ReplicaThatLostItsMasterIsLeft) {
  Server server;
  RedisRequester requester(server);
  requester.attempt(key, new_owner());
  RawClient client = server.client();
  client.must({"CONFIG", "SET", "replica-serve-stale-data", "no"});
  client.must({"REPLICAOF", "127.0.0.1", "1"});
  const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_failed_over, {"MASTERDOWN", "replica", "master"}));
  EXPECT_FALSE(failure.may_have_run);
}

}  // namespace
}  // namespace exclusive_lock::live
