// Servers that refuse: at the door, or single requests. Every refusal has its own code and says
// what to do; nothing that was refused is said to have maybe been carried out.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "live/job_key.hpp"
#include "live/redis_asker.hpp"

namespace exclusive_lock::live {
namespace {

TEST(RedisRefusal, OutOfMemoryRefusesNewLocksOnly) {
  Server server({.arguments = {"--maxmemory-policy", "noeviction"}});
  RedisAsker asker(server);
  const Owner owner = new_owner();
  asker.attempt(key, owner);
  asker.attempt("exclusive-lock:other", owner);
  asker.refresh(key, owner);
  asker.release("exclusive-lock:other", owner);  // all scripts are there
  server.client().must({"CONFIG", "SET", "maxmemory", "1"});

  const auto refused =
      failure_in(asker.attempt_answer(asker.request("exclusive-lock:new", new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_out_of_memory, {"OOM", "maxmemory"}));
  EXPECT_FALSE(refused.may_have_run);
  EXPECT_EQ(server.client().integer({"EXISTS", "exclusive-lock:new"}), 0);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::refreshed);
  EXPECT_TRUE(asker.inspect(key));
  EXPECT_EQ(asker.release(key, owner), ReleaseVerdict::released);
}

TEST(RedisRefusal, ServerThatCannotSaveRefusesWrites) {
  Server server;
  RedisAsker asker(server);
  const Owner owner = new_owner();
  asker.attempt(key, owner);
  RawClient client = server.client();
  std::filesystem::create_directory(server.folder() / "dump.rdb");  // where it wants to write
  client.must({"CONFIG", "SET", "save", "3600 1"});
  client.command({"BGSAVE"});
  ASSERT_TRUE(eventually([&] {
    return says(client, {"INFO", "persistence"}, "rdb_last_bgsave_status:err");
  }));

  const auto refused =
      failure_in(asker.attempt_answer(asker.request("exclusive-lock:new", new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_not_persisting, {"MISCONF", "disk"}));
  EXPECT_FALSE(refused.may_have_run);
  EXPECT_TRUE(asker.inspect(key));
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
  RedisAsker asker(server);
  RawClient client = server.client();
  client.must({"REPLICAOF", "127.0.0.1", "1"});
  client.must({"CONFIG", "RESETSTAT"});
  const auto refused = failure_in(asker.attempt_answer(asker.request(key, new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_read_only, {"READONLY", "replica", "master"}));
  EXPECT_FALSE(refused.may_have_run);
  // It looks for the master at the same address: a new connection, which is refused at the door.
  ASSERT_TRUE(eventually([&] {
    return !says(client, {"INFO", "stats"}, "total_connections_received:0");
  }));
  ASSERT_TRUE(eventually([&] {
    return is_failure(failure_in(asker.inspect_answer(key)), errc::store_read_only,
                      {"this server is a replica"});
  }));
  client.must({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(asker.works_again());
  EXPECT_EQ(asker.attempt(key, new_owner()).outcome, AttemptOutcome::granted);
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
  EXPECT_TRUE(RedisAsker(options).attempt(key, new_owner()).fence.value > 0);
}

TEST(RedisRefusal, RefusalFailsPendingOperationsAtOnce) {
  Server server({.arguments = {"--requirepass", "first"}});
  RedisStoreOptions options = options_for(server);
  options.password = "first";
  RedisAsker asker(options);
  RawClient client = server.client();
  client.must({"AUTH", "first"});
  client.must({"CONFIG", "SET", "requirepass", "second"});
  client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  // Well before the 20 s that the operation has.
  const Instant before = asker.now();
  ASSERT_TRUE(eventually(
      [&] { return is_failure(failure_in(asker.inspect_answer(key)), errc::wrong_password); }));
  EXPECT_LT(asker.now() - before, test_patience);
  client.must({"CONFIG", "SET", "requirepass", "first"});
  EXPECT_TRUE(asker.works_again());
}

// The rights that redis_store.hpp names, and nothing else.
const std::vector<std::string> needed{"hello", "evalsha",  "eval",    "script|load", "time",
                                      "pttl",  "getrange", "get",     "set",         "pexpire",
                                      "del",   "zcard",    "zpopmin", "zrem",        "hget"};
const std::vector<std::string> needed_for_waiting{"zadd", "zrank", "zrange", "zscore",
                                                  "hset", "hmget", "hdel"};

std::vector<std::string> user_with(const std::vector<std::string>& commands) {
  std::vector<std::string> words{"ACL",
                                 "SETUSER",
                                 "locker",
                                 "reset",
                                 "on",
                                 ">secret",
                                 "-@all",
                                 "~exclusive-lock:*",
                                 "~{exclusive-lock:*"};
  for (const std::string& command : commands) {
    words.push_back("+" + command);
  }
  return words;
}

RedisStoreOptions options_of_locker(const Server& server) {
  RedisStoreOptions options = options_for(server);
  options.username = "locker";
  options.password = "secret";
  return options;
}

class Rights : public testing::TestWithParam<ServerKind> {};

TEST_P(Rights, NamedOnesSuffice) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with(needed));
  RedisAsker asker(options_of_locker(server));
  const Owner owner = new_owner();
  EXPECT_EQ(asker.attempt(key, owner).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::refreshed);
  const auto seen = asker.inspect(key);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(asker.remove(key, "x"));
  EXPECT_EQ(asker.release(key, owner), ReleaseVerdict::released);
  EXPECT_TRUE(is_failure(failure_in(asker.list_answer("exclusive-lock:")), errc::permission_denied,
                         {"scan"}));
  admin.must({"ACL", "SETUSER", "locker", "+scan"});
  EXPECT_EQ(asker.list("exclusive-lock:").records.size(), 0U);
}

TEST_P(Rights, NamedOnesSufficeForWaitingWithoutBeingTold) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  std::vector<std::string> rights = needed;
  rights.insert(rights.end(), needed_for_waiting.begin(), needed_for_waiting.end());
  admin.must(user_with(rights));
  RedisAsker asker(options_of_locker(server));
  const Owner first = new_owner();
  const Owner second = new_owner();
  const Owner third = new_owner();
  asker.attempt(key, first);
  EXPECT_EQ(asker.patient_attempt(key, second).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker.patient_attempt(key, with_ticket(second, 2)).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker.patient_attempt(key, third).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker.beat(key, with_ticket(second, 2)).outcome, BeatOutcome::waiting);
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  EXPECT_EQ(asker.beat(key, with_ticket(second, 2)).outcome, BeatOutcome::granted);
  EXPECT_EQ(asker.release(key, third), ReleaseVerdict::left);
  EXPECT_EQ(asker.release(key, with_ticket(second, 2)), ReleaseVerdict::released);
  EXPECT_FALSE(asker.store().pushes_grants());
}

TEST_P(Rights, ThoseForWaitingSufficeForBarging) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  std::vector<std::string> rights = needed;
  rights.insert(rights.end(), needed_for_waiting.begin(), needed_for_waiting.end());
  admin.must(user_with(rights));
  RedisAsker asker(options_of_locker(server));
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  asker.attempt(key, first);
  EXPECT_EQ(asker.patient_attempt(key, waiter).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker.release(key, first, 1), ReleaseVerdict::released);
  AttemptRequest barging = asker.request(key, new_owner());
  barging.barging_streak = 1;
  EXPECT_EQ(reply_in(asker.attempt_answer(barging)).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.release(key, barging.owner, 1), ReleaseVerdict::released);
  EXPECT_EQ(asker.beat(key, waiter).outcome, BeatOutcome::granted);
  admin.must({"ACL", "SETUSER", "locker", "-zrange"});
  EXPECT_TRUE(is_failure(failure_in(asker.release_answer(key, waiter, 1)), errc::permission_denied,
                         {"zrange"}));
  EXPECT_EQ(admin.integer({"EXISTS", key}), 1) << "nothing was done";
}

TEST_P(Rights, EachMissingOneIsToldAndNothingWasDone) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  for (const std::string missing : {"evalsha", "time", "pttl", "getrange", "get", "set", "zcard"}) {
    std::vector<std::string> rest = needed;
    std::erase(rest, missing);
    admin.must(user_with(rest));
    RedisAsker asker(options_of_locker(server));
    const auto failure = failure_in(asker.attempt_answer(asker.request(key, new_owner())));
    EXPECT_TRUE(is_failure(failure, errc::permission_denied, {missing})) << missing;
    EXPECT_FALSE(failure.may_have_run);
    EXPECT_EQ(admin.integer({"EXISTS", key}), 0) << missing;
  }
}

// An error of a command in a script is told, and not taken for "there is nothing of ours".
TEST_P(Rights, MissingOneIsNeverTakenForALoss) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with(needed));
  RedisAsker asker(options_of_locker(server));
  const Owner owner = new_owner();
  asker.attempt(key, owner);
  admin.must({"ACL", "SETUSER", "locker", "-getrange"});
  EXPECT_TRUE(is_failure(failure_in(asker.refresh_answer({{key, owner, long_ttl}})),
                         errc::permission_denied, {"getrange"}));
  EXPECT_TRUE(is_failure(failure_in(asker.release_answer(key, owner)), errc::permission_denied,
                         {"getrange"}));
  EXPECT_EQ(admin.integer({"EXISTS", key}), 1);
}

INSTANTIATE_TEST_SUITE_P(Servers, Rights, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST(RedisRefusal, KeysOutsideTheRightsAreToldAsSuch) {
  Server server;
  server.client().must(user_with(needed));
  RedisAsker asker(options_of_locker(server));
  const auto failure = failure_in(asker.attempt_answer(asker.request("other:job", new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::permission_denied, {"~exclusive-lock:*"}));
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
  RedisAsker asker(server);
  asker.inspect(key);
  RawClient client = server.client();
  client.must({"CONFIG", "SET", "lua-time-limit", "50"});
  RawClient stuck = server.client();
  stuck.send({"EVAL", "while true do end", "0"});
  ASSERT_TRUE(eventually([&] { return says(client, {"PING"}, "BUSY"); }));
  const auto failure = failure_in(asker.attempt_answer(asker.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_busy, {"BUSY", "SCRIPT KILL"}));
  EXPECT_FALSE(failure.may_have_run);
  // One can be made while it lasts; what it asks is refused, not lost.
  RedisAsker late(server);
  EXPECT_TRUE(is_failure(failure_in(late.inspect_answer(key)), errc::store_busy));
  client.must({"SCRIPT", "KILL"});
  EXPECT_TRUE(asker.works_again());
  EXPECT_TRUE(late.works_again());
}

TEST(RedisRefusal, MissingReplicasAreTold) {
  Server server;
  RedisAsker asker(server);
  server.client().must({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const auto failure = failure_in(asker.attempt_answer(asker.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_not_persisting, {"min-replicas-to-write"}));
  EXPECT_FALSE(failure.may_have_run);
}

// As a replica it has nothing to say without its master.
TEST(RedisRefusal, ReplicaThatLostItsMasterIsLeft) {
  Server server;
  RedisAsker asker(server);
  asker.attempt(key, new_owner());
  RawClient client = server.client();
  client.must({"CONFIG", "SET", "replica-serve-stale-data", "no"});
  client.must({"REPLICAOF", "127.0.0.1", "1"});
  const auto failure = failure_in(asker.attempt_answer(asker.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::store_read_only, {"MASTERDOWN", "replica", "master"}));
  EXPECT_FALSE(failure.may_have_run);
}

}  // namespace
}  // namespace exclusive_lock::live
