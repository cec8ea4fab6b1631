// The Redis store on real servers: what the conformance suite does not ask, because only a server
// of this kind has it.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/record_codec.hpp"
#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

const std::string fence = "{exclusive-lock:job}:fence";

TEST(RedisStore, RecordIsByteForByteWhatTheCodecWrites) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  const AttemptRequest request = requester.request(key, owner);
  const AttemptReply reply = reply_in(requester.attempt_answer(request));
  ASSERT_EQ(reply.outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(reply.store_time);
  EXPECT_EQ(server.client().text({"GET", key}),
            encode_record(owner, reply.fence, reply.store_time->count(), request.record_tail));
  EXPECT_EQ(server.client().text({"GET", fence}), std::to_string(reply.fence.value));
}

TEST(RedisStore, FenceStaysForADayAndTheRecordForItsTtl) {
  Server server;
  RedisRequester requester(server);
  requester.attempt(key, new_owner());
  const auto record_ms = server.client().integer({"PTTL", key});
  EXPECT_GT(record_ms, long_ttl.count() - 10'000);
  EXPECT_LE(record_ms, long_ttl.count());
  const auto fence_ms = server.client().integer({"PTTL", fence});
  EXPECT_GT(fence_ms, 86'400'000 - 10'000);
  EXPECT_LE(fence_ms, 86'400'000);
}

TEST(RedisStore, ScriptsAreLoadedAgainAfterScriptFlush) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  RawClient client = server.client();
  const auto flushed = [&client] { client.must({"SCRIPT", "FLUSH"}); };
  flushed();
  EXPECT_EQ(requester.attempt(key, owner).outcome, AttemptReplyStatus::granted);
  flushed();
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  flushed();
  ASSERT_TRUE(requester.inspect(key));
  flushed();
  EXPECT_EQ(requester.list("exclusive-lock:").records.size(), 1U);
  flushed();
  EXPECT_FALSE(requester.remove(key, "something else"));
  flushed();
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

// Or it would lose its place to those who call later.
TEST(RedisStore, FirstAttemptOfAConnectionFindsItsScript) {
  Server server;  // has just started, so it knows no script
  RedisRequester requester(server);
  RawClient client = server.client();
  client.must({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::granted);
  const std::string stats = client.text({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=1,"), std::string::npos) << stats;
  EXPECT_EQ(stats.find("cmdstat_eval:"), std::string::npos) << stats;
}

TEST(RedisStore, AfterNoscriptTheScriptIsThereForAll) {
  Server server;
  RedisRequester requester(server);
  requester.inspect(key);
  RawClient client = server.client();
  client.must({"CONFIG", "RESETSTAT"});
  requester.inspect(key);
  const std::string stats = client.text({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=1,"), std::string::npos) << stats;
  EXPECT_EQ(stats.find("cmdstat_eval:"), std::string::npos) << stats;
}

TEST(RedisStore, RefreshOfManyIsAFewCallsInOneTrip) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  std::vector<RefreshRequest> requests;
  for (int i = 0; i < 2500; ++i) {
    const std::string each = "exclusive-lock:n" + std::to_string(i);
    requests.push_back({.key = each, .owner = owner, .ttl = long_ttl});
    if (i % 2 == 0) {
      requester.attempt(each, owner);
    }
  }
  RawClient client = server.client();
  requester.refresh(key, owner);  // the script is there now
  client.must({"CONFIG", "RESETSTAT"});
  const RefreshReply reply = reply_in(requester.refresh_answer(requests));
  ASSERT_EQ(reply.verdicts.size(), requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(reply.verdicts[i],
              i % 2 == 0 ? RefreshReplyStatus::refreshed : RefreshReplyStatus::lost);
  }
  const std::string stats = client.text({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=20,"), std::string::npos) << stats;
}

TEST(RedisStore, WrongTypeAtTheKeyIsAnErrorAndLeftAlone) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  client.must({"RPUSH", key, "a", "b"});
  const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::wrong_type, {"WRONGTYPE", "not a lock"}));
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_TRUE(is_failure(failure_in(requester.inspect_answer(key)), errc::wrong_type));
  EXPECT_EQ(requester.refresh(key, new_owner()), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, new_owner()), ReleaseReplyStatus::not_owner);
  EXPECT_FALSE(requester.remove(key, "a"));
  EXPECT_EQ(client.integer({"LLEN", key}), 2);
  EXPECT_EQ(client.integer({"EXISTS", fence}), 0);
}

TEST(RedisStore, OneKeyOfWrongTypeDoesNotFailTheRefreshOfOthers) {
  Server server;
  RedisRequester requester(server);
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  server.client().must({"RPUSH", "exclusive-lock:list", "a"});
  const auto reply = reply_in(
      requester.refresh_answer({{.key = "exclusive-lock:list", .owner = owner, .ttl = long_ttl},
                                {.key = key, .owner = owner, .ttl = long_ttl}}));
  EXPECT_EQ(reply.verdicts, (std::vector{RefreshReplyStatus::lost, RefreshReplyStatus::refreshed}));
}

TEST(RedisStore, ForeignValueAtTheFenceKeyIsAnErrorAndLeftAlone) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  for (const std::string foreign : {"no number", "", "9007199254740992", "-5", "1e9"}) {
    client.must({"SET", fence, foreign});
    const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
    EXPECT_TRUE(is_failure(failure, errc::wrong_type, {fence})) << foreign;
    EXPECT_EQ(client.text({"GET", fence}), foreign);
    EXPECT_EQ(client.integer({"EXISTS", key}), 0);
  }
}

TEST(RedisStore, ListTakesGlobCharactersInThePrefixLiterally) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  for (const std::string prefix : {"a*b", "a?b", "a[x]b", "a\\b", "a^b", "axb", "aXXb"}) {
    client.must({"SET", prefix + ":n", "1"});
  }
  for (const std::string prefix : {"a*b:", "a?b:", "a[x]b:", "a\\b:", "a^b:"}) {
    const ListReply reply = requester.list(prefix);
    ASSERT_EQ(reply.records.size(), 1U) << prefix;
    EXPECT_EQ(reply.records[0].key, prefix + "n");
  }
}

TEST(RedisStore, ListFindsThousandsAndSaysWhenThereAreMore) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  for (int i = 0; i < 3000; ++i) {
    client.must({"SET", "exclusive-lock:n" + std::to_string(i), std::to_string(i), "PX", "600000"});
  }
  client.must({"RPUSH", "exclusive-lock:list", "a"});
  client.must({"SET", "{exclusive-lock:n1}:fence", "1"});
  client.must({"SET", "other", "1"});
  const ListReply all = requester.list("exclusive-lock:");
  EXPECT_FALSE(all.truncated);
  std::set<std::string> keys;
  for (const StoredRecord& record : all.records) {
    keys.insert(record.key);
    EXPECT_EQ("exclusive-lock:n" + record.value, record.key);
    EXPECT_TRUE(record.remaining_ttl);
  }
  EXPECT_EQ(all.records.size(), 3000U);
  EXPECT_EQ(keys.size(), 3000U);

  EXPECT_FALSE(requester.list("exclusive-lock:", 3000).truncated);
  const ListReply some = requester.list("exclusive-lock:", 100);
  EXPECT_TRUE(some.truncated);
  EXPECT_EQ(some.records.size(), 100U);
}

TEST(RedisStore, HugeValueOfAStrangerIsCutAndHurtsNobody) {
  Server server;
  RedisRequester requester(server);
  RawClient client = server.client();
  client.must({"SET", key, std::string(5'000'000, 'x')});
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_LT(record->value.size(), 2'000'000U);
  EXPECT_GT(record->value.size(), 1024U * 1024U);
  EXPECT_FALSE(record->remaining_ttl);
  EXPECT_EQ(requester.list("exclusive-lock:").records.size(), 1U);
  EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::busy);
}

TEST(RedisStore, DatabaseAndClientNameOfTheOptionsAreUsed) {
  Server server;
  RedisStoreOptions options = options_for(server);
  options.database = 3;
  options.client_name = "worker-7";
  RedisRequester requester(options);
  requester.attempt(key, new_owner());
  RawClient client = server.client();
  EXPECT_EQ(client.integer({"EXISTS", key}), 0);
  const std::string clients = client.text({"CLIENT", "LIST"});
  EXPECT_NE(clients.find("name=worker-7 "), std::string::npos) << clients;
  client.must({"SELECT", "3"});
  EXPECT_EQ(client.integer({"EXISTS", key}), 1);
}

TEST(RedisStore, DatabaseThatIsNotThereIsRefused) {
  Server server;
  RedisStoreOptions options = options_for(server);
  options.database = 99;
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::unsuitable_store, {"database", "lower"}));
}

TEST(RedisStore, UnixSocketServesLikeAPort) {
  Server server({.transport = ServerTransport::unix_socket});
  RedisRequester requester(server);
  const Owner owner = new_owner();
  EXPECT_EQ(requester.attempt(key, owner).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
}

TEST(RedisStore, ManyAtOnceAllGetTheirOwnAnswer) {
  Server server;
  RedisRequester requester(server);
  constexpr int count = 5000;
  std::vector<std::promise<std::string>> answers(count);
  for (int i = 0; i < count; ++i) {
    requester.store().attempt(
        requester.request("exclusive-lock:" + std::to_string(i), new_owner()),
        requester.now() + test_limit, [&answers, i](const Answer<AttemptReply>& answer) {
          const auto* reply = std::get_if<AttemptReply>(&answer);
          answers[i].set_value(reply == nullptr ? std::get<StoreFailure>(answer).message
                               : reply->outcome == AttemptReplyStatus::granted ? "granted"
                                                                               : "refused");
        });
  }
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get_future().get(), "granted");
  }
  EXPECT_EQ(server.client().integer({"DBSIZE"}), 2 * count);
}

}  // namespace
}  // namespace exclusive_lock::live
