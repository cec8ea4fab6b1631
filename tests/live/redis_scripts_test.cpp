// The scripts by themselves: what the library does not ask of them, or does not look at in what
// they say, but they promise it.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "core/record_codec.hpp"
#include "live/queue_entries.hpp"
#include "live/raw_client.hpp"
#include "live/redis_requester.hpp"
#include "stores/redis/script_calls.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using redis::ScriptCall;

const std::string lock_key = "exclusive-lock:job";
const std::string queue_of_it = "{exclusive-lock:job}:queue";
const std::string waiters_of_it = "{exclusive-lock:job}:waiters";

std::vector<std::string> words_of(const ScriptCall& call, std::int64_t not_after_us = 0) {
  std::vector<std::string> words;
  call.send(
      redis::ScriptForm::by_text, "echo", not_after_us,
      [&words](const redis::Command& command) { words.assign(command.begin(), command.end()); });
  return words;
}

class RedisScripts : public testing::Test {
 protected:
  // What it says behind echo and time, in one string or as an array.
  std::vector<std::string> said(const ScriptCall& call, std::int64_t not_after_us = 0) {
    const Reply reply = client_.must(words_of(call, not_after_us));
    std::vector<std::string> texts;
    for (const Reply& each : reply.items) {
      texts.push_back(each.text);
    }
    std::istringstream joined(reply.text);
    texts.insert(texts.end(), std::istream_iterator<std::string>(joined), {});
    EXPECT_EQ(texts.at(0), "echo");
    texts.erase(texts.begin(), texts.begin() + 2);
    return texts;
  }

  // Each command that a script runs, and how often: "exists=1".
  std::vector<std::string> commands_in(const ScriptCall& call, std::int64_t not_after_us = 0) {
    client_.must({"CONFIG", "RESETSTAT"});
    said(call, not_after_us);
    std::istringstream lines(client_.text({"INFO", "commandstats"}));
    std::vector<std::string> commands;
    const std::string head = "cmdstat_";
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(head) && !line.starts_with("cmdstat_eval:") &&
          !line.starts_with("cmdstat_config|resetstat:")) {
        const auto colon = line.find(':');
        const auto calls = line.find('=') + 1;
        commands.push_back(line.substr(head.size(), colon - head.size()) + "=" +
                           line.substr(calls, line.find(',') - calls));
      }
    }
    std::ranges::sort(commands);
    return commands;
  }

  ScriptCall attempt(const Owner& owner, Fence floor = {}) {
    AttemptRequest request = requester_.request(lock_key, owner);
    request.floor = floor;
    return redis::acquire_call(request, keys_, "");
  }
  ScriptCall release(const Owner& owner) {
    return redis::release_call({.key = lock_key, .owner = owner}, keys_);
  }

  Server server_;
  RawClient client_{server_.client()};
  RedisRequester requester_{server_};
  redis::LockKeys keys_ = *redis::lock_keys(lock_key);
};

TEST_F(RedisScripts, AttemptWithoutALimitIsNeverTooLate) {
  const ScriptCall call = redis::acquire_call(requester_.request(lock_key, new_owner()), keys_, "");
  EXPECT_EQ(said(call, 0).at(0), "granted");
  client_.must({"DEL", lock_key});
  EXPECT_EQ(said(call, 1).at(0), "too_late");
}

TEST_F(RedisScripts, UncontendedPairTakesFewCommands) {
  using Commands = std::vector<std::string>;
  const Owner owner = new_owner();
  const Commands short_acquire{"get=1", "pttl=1", "set=2", "time=1", "zcount=1"};
  const Commands short_release{"del=1", "getrange=1", "zrangebyscore=1"};
  EXPECT_EQ(commands_in(attempt(owner)), short_acquire);
  EXPECT_EQ(commands_in(release(owner)), short_release);
  EXPECT_EQ(commands_in(attempt(owner), INT64_MAX), short_acquire) << "with a fence and a limit";
  requester_.patient_attempt(lock_key, new_owner());
  EXPECT_NE(commands_in(release(owner)), short_release) << "somebody waits";
}

TEST_F(RedisScripts, HeartbeatOfAHolderTakesFewCommands) {
  const Owner owner = new_owner();
  const Fence fence = requester_.attempt(lock_key, owner).fence;
  const HeartbeatRequest request{.key = lock_key, .owner = owner, .ttl = 70s, .alive_for = 1s};
  const ScriptCall heartbeat = redis::heartbeat_call(request, keys_, "");
  EXPECT_EQ(commands_in(heartbeat),
            (std::vector<std::string>{"getrange=1", "pexpire=1", "time=1"}));
  EXPECT_GT(client_.integer({"PTTL", lock_key}), 60'000);
  EXPECT_EQ(said(heartbeat),
            (std::vector<std::string>{"granted", std::to_string(fence.value), "70000", "0"}));
}

TEST_F(RedisScripts, RecordWithAFenceThatIsNoneIsNoGrant) {
  const Owner owner = new_owner();
  for (const std::string fence :
       {"9007199254740992", "18446744073709551616", "0", "05", "-1", "1e3", "\"5\""}) {
    client_.must(
        {"SET", lock_key,
         R"({"owner":")" + owner_text(owner) + R"(","fence":)" + fence + R"(,"since_us":1})"});
    EXPECT_EQ(requester_.heartbeat(lock_key, owner).outcome, HeartbeatReplyStatus::gone) << fence;
  }
}

TEST_F(RedisScripts, FenceThatIsNoneIsNotReplaced) {
  const std::string fence_of_it = "{exclusive-lock:job}:fence";
  for (const std::string odd : {"", "x", "-1", "+1", " 5", "5 ", "1e3", "0x10", "1.5",
                                "9007199254740991", "9007199254740992", "18446744073709551615"}) {
    client_.must({"SET", fence_of_it, odd});
    EXPECT_EQ(said(attempt(new_owner())).at(0), "bad_fence") << odd;
    EXPECT_EQ(client_.text({"GET", fence_of_it}), odd);
    EXPECT_EQ(client_.integer({"EXISTS", lock_key}), 0) << odd;
  }
  client_.must({"DEL", fence_of_it});
  client_.must({"RPUSH", fence_of_it, "5"});
  EXPECT_EQ(said(attempt(new_owner())).at(0), "bad_fence") << "a list";
}

TEST_F(RedisScripts, FenceIsAboveTheKeptOneAndTheFloorUpToTheLast) {
  const std::string fence_of_it = "{exclusive-lock:job}:fence";
  const auto fence_after = [&](const std::string& kept, Fence floor) {
    client_.must({"FLUSHALL"});
    client_.must({"SET", fence_of_it, kept});
    const auto texts = said(attempt(new_owner(), floor));
    return texts.at(0) == "granted" ? client_.text({"GET", fence_of_it}) : texts.at(0);
  };
  EXPECT_EQ(fence_after("9007199254740990", {}), "9007199254740991");
  EXPECT_EQ(fence_after("0", Fence{9007199254740990}), "9007199254740991");
  EXPECT_EQ(fence_after("0", Fence{9007199254740991}), "bad_fence");
  EXPECT_EQ(fence_after("0", Fence{9007199254740993}), "bad_fence");
  EXPECT_EQ(fence_after("8007199254740990", Fence{8007199254740990}), "8007199254740991");
  EXPECT_EQ(fence_after("8007199254740989", Fence{8007199254740990}), "8007199254740991");
}

// What is there is nobody's queue, but nothing is written beside it.
TEST_F(RedisScripts, QueueOfAnotherTypeIsNotPassed) {
  client_.must({"SET", queue_of_it, "x"});
  for (const std::size_t pass_count : {0U, 5U}) {
    AttemptRequest request = requester_.request(lock_key, new_owner());
    request.barging_limit = pass_count;
    const auto failure = failure_in(requester_.attempt_answer(request));
    EXPECT_TRUE(is_failure(failure, errc::wrong_type)) << pass_count;
    EXPECT_EQ(client_.integer({"EXISTS", lock_key, waiters_of_it}), 0) << pass_count;
  }
}

// Patterns and formats have their own meaning for "%".
TEST_F(RedisScripts, TailIsWrittenAsItIs) {
  AttemptRequest request = requester_.request(lock_key, new_owner());
  request.record_tail = R"(,"contents":"%1 %s %% \\0 ' granted 0 0"})";
  const auto texts = said(redis::acquire_call(request, keys_, ""));
  EXPECT_EQ(texts.size(), 5U);
  EXPECT_TRUE(client_.text({"GET", lock_key}).ends_with(request.record_tail));
  EXPECT_EQ(said(release(request.owner)), std::vector<std::string>{"released"});
}

TEST_F(RedisScripts, NoWaitersAreToldWhereThereIsNoRecord) {
  const Owner holder = new_owner();
  requester_.attempt(lock_key, holder);
  requester_.patient_attempt(lock_key, new_owner());
  EXPECT_EQ(said(redis::inspect_call(lock_key, 100)).size(), 7U);
  client_.must({"DEL", lock_key});
  EXPECT_EQ(said(redis::inspect_call(lock_key, 100)),
            (std::vector<std::string>{"-2", "", "0", ""}));
}

TEST_F(RedisScripts, KeyWithoutPlaceForOthersBesideItCanBeLookedAtAndRemoved) {
  const std::string key = "a}b";
  client_.must({"SET", key, "1"});
  EXPECT_EQ(said(redis::inspect_call(key, 100)), (std::vector<std::string>{"-1", "1", "0", ""}));
  EXPECT_FALSE(requester_.remove(key, "2"));
  EXPECT_TRUE(requester_.remove(key, "1"));
  EXPECT_FALSE(requester_.remove(key, "1"));
  EXPECT_EQ(client_.integer({"EXISTS", key}), 0);
}

TEST_F(RedisScripts, DamagedWaitersAreCountedAndNotShown) {
  requester_.attempt(lock_key, new_owner());
  requester_.patient_attempt(lock_key, new_owner());
  const std::string entry = entries_in(client_, queue_of_it).at(0);
  replace_entry(client_, queue_of_it, entry, with_text(entry, EntryField::floor, "x"));
  const std::vector<std::string> texts = said(redis::inspect_call(lock_key, 100));
  EXPECT_EQ(texts.size(), 4U);
  EXPECT_EQ(texts.at(2), "1");
}

TEST_F(RedisScripts, FenceOfADamagedRecordIsNotShownToWhoeverWaits) {
  const std::string id(31, 'a');
  for (const std::string& beginning :
       {id + R"(-a0000000000000001","fence":5,)",
        id + R"(a-0000000000000001","fence":9007199254740992,)",
        id + R"(a-0000000000000001","fence":05,)", id + R"(x-0000000000000001","fence":5,)",
        id + R"(a-000000000000001","fence":5,)"}) {
    client_.must({"FLUSHALL"});
    client_.must({"SET", lock_key, R"({"owner":")" + beginning});
    const AttemptReply reply = requester_.patient_attempt(lock_key, new_owner());
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting) << beginning;
    EXPECT_EQ(reply.fence, Fence{}) << beginning;
  }
}

TEST_F(RedisScripts, NobodyWaitsForAFenceThatCannotBeGiven) {
  requester_.attempt(lock_key, new_owner());
  AttemptRequest request = requester_.patient_request(lock_key, new_owner());
  request.floor = Fence{9007199254740991};
  EXPECT_EQ(said(redis::acquire_call(request, keys_, "")).at(0), "bad_fence");
  request.floor = Fence{9007199254740990};
  EXPECT_EQ(said(redis::acquire_call(request, keys_, ""), 1).at(0), "too_late");
  EXPECT_EQ(count_entries(client_, queue_of_it), 0);
  EXPECT_EQ(said(redis::acquire_call(request, keys_, ""), INT64_MAX).at(0), "waiting");
}

// Both are answered by the first lines of the scripts, before most functions are made.
TEST_F(RedisScripts, HandOverTakesFewCommands) {
  using Commands = std::vector<std::string>;
  const Owner holder = new_owner();
  requester_.attempt(lock_key, holder);
  const auto stand_in_line = [&](const std::string& channel) {
    return redis::acquire_call(requester_.patient_request(lock_key, new_owner()), keys_, channel);
  };
  const Commands first{"getrange=1", "pexpire=1", "pttl=1",  "time=1",
                       "zadd=1",     "zcount=1",  "zrange=1"};
  const Commands second{"getrange=1", "pttl=1", "time=1", "zadd=1", "zcount=1", "zrange=1"};
  EXPECT_EQ(commands_in(stand_in_line("some-channel")), first);
  EXPECT_EQ(commands_in(stand_in_line("")), second);
  EXPECT_EQ(commands_in(stand_in_line(""), INT64_MAX), second) << "with a limit";
  RawClient subscriber(server_.client());
  subscriber.must({"SUBSCRIBE", "some-channel"});
  const Commands hand_over{"getrange=1", "publish=1",       "pubsub|numsub=1", "set=2",
                           "time=1",     "zrangebyscore=1", "zrem=1"};
  EXPECT_EQ(commands_in(release(holder)), hand_over);
  const std::string next = client_.text({"GET", lock_key});
  EXPECT_EQ(subscriber.receive().items.at(2).text, owner_text(*record_owner(next)));
}

TEST_F(RedisScripts, RecordWithoutAFenceIsHandedOverAboveTheKeptOne) {
  const Owner holder = new_owner();
  const Owner waiter = new_owner();
  const Fence before = requester_.attempt(lock_key, holder).fence;
  requester_.patient_attempt(lock_key, waiter);
  // Somebody else did.
  client_.must({"SET", lock_key, R"({"owner":")" + owner_text(holder) + R"(","since_us":1})"});
  EXPECT_EQ(requester_.release(lock_key, holder), ReleaseReplyStatus::released);
  const std::string record = client_.text({"GET", lock_key});
  EXPECT_EQ(record_owner(record), waiter) << "at once, not with its next heartbeat";
  EXPECT_GT(record_fence(record), before);
}

TEST_F(RedisScripts, RecordWithoutAFenceIsNoGrant) {
  const Owner holder = new_owner();
  client_.must({"SET", lock_key, R"({"owner":")" + owner_text(holder) + R"(","since_us":1})"});
  EXPECT_EQ(requester_.heartbeat(lock_key, holder).outcome, HeartbeatReplyStatus::gone);
}

TEST_F(RedisScripts, WhatIsLeftOfAnEntryIsNobodys) {
  const Owner waiter = new_owner();
  requester_.attempt(lock_key, new_owner());
  requester_.patient_attempt(lock_key, waiter);
  client_.must({"DEL", queue_of_it});
  EXPECT_EQ(requester_.heartbeat(lock_key, waiter).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester_.release(lock_key, waiter), ReleaseReplyStatus::not_owner);
}

// A server's time goes on within a script, or stands still; then there is os.clock.
class RefreshTime : public testing::TestWithParam<ServerKind> {};

TEST_P(RefreshTime, IsToldOnEveryServer) {
  Server server({.kind = GetParam()});
  RawClient client(server.client());
  std::vector<RefreshRequest> requests;
  for (int i = 0; i < 250; ++i) {
    requests.push_back(
        {.key = lock_key + std::to_string(i), .owner = new_owner(), .ttl = long_ttl});
  }
  const Reply reply = client.must(words_of(redis::refresh_call(requests)));
  ASSERT_EQ(reply.items.size(), 4U);
  EXPECT_EQ(reply.items[2].text, std::string(250, 'l'));
  EXPECT_GT(std::stoll(reply.items[3].text), 0) << "in us, for 250 keys";
  EXPECT_LT(std::stoll(reply.items[3].text), 10'000'000);
}

INSTANTIATE_TEST_SUITE_P(Servers, RefreshTime, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace exclusive_lock::live
