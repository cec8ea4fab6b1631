// Servers that are not what they should be: of another kind, too old, or with something in between.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "live/fake_redis.hpp"
#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

TEST(RedisOddServer, ActiveReplicaIsRefused) {
  FakeRedis fake([](const Words& words) {
    return words[0] == "HELLO" ? FakeRedis::greeting("active-replica") : FakeRedis::healthy(words);
  });
  EXPECT_TRUE(
      is_failure(failure_to_open(fake.options()), errc::unsuitable_store, {"active replica"}));
}

TEST(RedisOddServer, SentinelIsRefused) {
  FakeRedis fake([](const Words& words) {
    return words[0] == "HELLO" ? FakeRedis::greeting("master", "sentinel")
                               : FakeRedis::healthy(words);
  });
  EXPECT_TRUE(is_failure(failure_to_open(fake.options()), errc::unsuitable_store, {"Sentinel"}));
}

TEST(RedisOddServer, ServerWithoutResp3IsRefusedWithoutShowingThePassword) {
  FakeRedis fake([](const Words& words) {
    std::string text = "-ERR unknown command `" + words[0] + "`, with args beginning with:";
    for (std::size_t i = 1; i < words.size(); ++i) {
      text += " `" + words[i] + "`,";
    }
    return text + "\r\n";
  });
  RedisStoreOptions options = fake.options();
  options.password = "s3cret-word";
  const auto failure = failure_to_open(options);
  EXPECT_TRUE(is_failure(failure, errc::unsuitable_store, {"Redis 6", "***"}));
  EXPECT_EQ(failure.message.find("s3cret-word"), std::string::npos) << failure.message;
}

TEST(RedisOddServer, OtherProtocolsAreRefused) {
  for (const std::string bytes :
       {"+OK\r\n+OK\r\n+OK\r\n+OK\r\n", "*1\r\n$2\r\nhi\r\n:1\r\n:2\r\n:3\r\n"}) {
    FakeRedis fake([bytes](const Words& words) { return words[0] == "HELLO" ? bytes : ""; });
    EXPECT_TRUE(is_failure(failure_to_open(fake.options()), errc::unsuitable_store, {"HELLO"}));
  }
  FakeRedis web([](const Words&) { return "HTTP/1.1 400 Bad Request\r\n\r\n"; });
  RedisStoreOptions options = web.options();
  options.connect_timeout = 300ms;
  EXPECT_TRUE(is_failure(failure_to_open(options), errc::unsuitable_store,
                         {"cannot connect", "this is not a Redis server"}));
}

// As a server at its limit of connections does.
TEST(RedisOddServer, RefusalBeforeTheGreetingIsCompleteIsTheReason) {
  FakeRedis fake([&fake](const Words&) {
    fake.hang_up();
    return "-ERR max number of clients reached\r\n";
  });
  EXPECT_TRUE(is_failure(failure_to_open(fake.options()), errc::too_many_clients,
                         {"max number of clients reached"}));
}

TEST(RedisOddServer, TextOfTheServerIsMadeFitForATerminal) {
  FakeRedis fake([](const Words& words) {
    return words[0] == "EVALSHA" ? std::string("-ERR \x1b]52;c;aGk=\x07 \r\n")
                                 : FakeRedis::healthy(words);
  });
  RedisRequester requester(fake.options());
  const auto failure = failure_in(requester.inspect_answer(key));
  EXPECT_TRUE(is_failure(failure, errc::protocol_error, {"\\x1b"}));
  EXPECT_EQ(failure.message.find('\x1b'), std::string::npos);
}

// The pauses between tries grow, from 10 ms to 2 s: of the first seven a half second is the least.
TEST(RedisOddServer, ThatGreetsAndHangsUpIsAskedMoreAndMoreSeldom) {
  FakeRedis fake([&fake](const Words& words) {
    if (words[0] == "SCRIPT") {  // the last word of the greeting
      fake.hang_up();
    }
    return FakeRedis::healthy(words);
  });
  RedisRequester requester(fake.options());
  const SystemClockSource clock;
  const Instant began = clock.now();
  ASSERT_TRUE(eventually([&] { return fake.connections() > 7; }));
  EXPECT_GE(clock.now() - began, 400ms);
}

// Another request may be carried out by then, and its answer is on the way.
TEST(RedisOddServer, ReplicaIsLeftWhenAllHasBeenAnswered) {
  std::atomic<int> asked = 0;
  std::atomic<bool> is_refused = false;
  FakeRedis fake([&](const Words& words) -> std::string {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    if (asked++ == 0) {
      return "-READONLY You can't write against a read only replica.\r\n";
    }
    EXPECT_TRUE(eventually([&] { return is_refused.load(); }));
    return inspect_reply(words, "text");
  });
  RedisRequester requester(fake.options());
  const SystemClockSource clock;
  const Instant deadline = clock.now() + test_limit;
  const auto second = std::make_shared<std::promise<Answer<InspectReply>>>();
  requester.store().inspect(key, deadline, [&](const Answer<InspectReply>& answer) {
    EXPECT_TRUE(is_failure(failure_in(answer), errc::store_failed_over, {"READONLY"}));
    is_refused = true;
  });
  requester.store().inspect(
      key, deadline, [second](const Answer<InspectReply>& answer) { second->set_value(answer); });
  const auto answer = second->get_future().get();
  ASSERT_TRUE(std::holds_alternative<InspectReply>(answer)) << failure_in(answer).message;
  EXPECT_EQ(std::get<InspectReply>(answer).record->value, "text");
  EXPECT_TRUE(eventually([&] { return fake.connections() > 1; })) << "it is left then";
}

// A reply too much shifts all later ones: each request gets its neighbour's. None may believe it.
TEST(RedisOddServer, ReplyTooMuchIsNeverTakenForAnothers) {
  constexpr int together = 20;
  // Keeps its replies until all have asked, so that the one too much comes while others wait: alone
  // it would be nobody's.
  std::atomic<int> still_to_ask{0};
  std::string kept;
  FakeRedis fake([&](const Words& words) {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    const std::string reply = inspect_reply(words, "value of " + words[3]);
    if (still_to_ask == 0) {
      return reply;
    }
    kept += still_to_ask == together ? reply + reply : reply;
    return --still_to_ask == 0 ? std::exchange(kept, {}) : std::string();
  });
  RedisRequester requester(fake.options());
  ASSERT_EQ(requester.inspect("a")->value, "value of a");
  still_to_ask = together;
  std::vector<std::promise<Answer<InspectReply>>> answers(together);
  for (int i = 0; i < together; ++i) {
    requester.store().inspect(
        "k" + std::to_string(i), requester.now() + test_limit,
        [&answers, i](auto answer) { answers[i].set_value(std::move(answer)); });
  }
  int failures = 0;
  for (int i = 0; i < together; ++i) {
    const auto answer = answers[i].get_future().get();
    if (const auto* reply = std::get_if<InspectReply>(&answer)) {
      EXPECT_EQ(reply->record->value, "value of k" + std::to_string(i));
    } else {
      EXPECT_TRUE(std::get<StoreFailure>(answer).may_have_run);
      ++failures;
    }
  }
  EXPECT_GE(failures, 1);
  EXPECT_TRUE(requester.works_again());
  EXPECT_EQ(fake.connections(), 2);
}

TEST(RedisOddServer, PushesInBetweenAreIgnored) {
  const std::string push = ">3\r\n" + bulk("message") + bulk("c") + bulk("text");
  FakeRedis fake([&push](const Words& words) {
    std::string many;
    for (int i = 0; i < 300; ++i) {
      many += push;
    }
    return words[0] == "EVALSHA" ? many + inspect_reply(words, "v") + many
                                 : FakeRedis::healthy(words);
  });
  RedisRequester requester(fake.options());
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(requester.inspect(key)->value, "v");
  }
  EXPECT_EQ(fake.connections(), 1);
}

// Each answer comes in less than the silence that ends a link; all of them together take longer.
TEST(RedisOddServer, LongLineOfCommandsIsNotSilence) {
  FakeRedis fake([](const Words& words) {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    std::this_thread::sleep_for(150ms);
    return inspect_reply(words, "v");
  });
  RedisStoreOptions options = fake.options();
  options.command_timeout = 500ms;
  RedisRequester requester(options);
  std::array<std::promise<Answer<InspectReply>>, 6> answers;
  for (auto& each : answers) {
    requester.store().inspect(key, requester.now() + 10s, [&each](Answer<InspectReply> answer) {
      each.set_value(std::move(answer));
    });
  }
  for (auto& each : answers) {
    EXPECT_EQ(reply_in(each.get_future().get()).record->value, "v");
  }
  EXPECT_EQ(fake.connections(), 1);
}

// The loop's thread does not run while the second reply comes and its time passes, as where the
// process is stopped.
TEST(RedisOddServer, ReplyThatCameInTimeCountsThoughItIsReadLate) {
  FakeRedis fake([](const Words& words) {
    if (words[0] == "EVALSHA" && words[3] == "second") {
      std::this_thread::sleep_for(100ms);
    }
    return words[0] == "EVALSHA" ? inspect_reply(words, "v") : FakeRedis::healthy(words);
  });
  RedisStoreOptions options = fake.options();
  options.command_timeout = 500ms;
  RedisRequester requester(options);
  requester.inspect("first");  // knows the script
  std::promise<Answer<InspectReply>> second;
  requester.store().inspect("first", requester.now() + 10s,
                            [](const auto&) { std::this_thread::sleep_for(1500ms); });
  requester.store().inspect("second", requester.now() + 1s,
                            [&second](auto answer) { second.set_value(std::move(answer)); });
  const auto answer = second.get_future().get();
  ASSERT_TRUE(std::holds_alternative<InspectReply>(answer)) << failure_in(answer).message;
  EXPECT_EQ(fake.connections(), 1);
}

TEST(RedisOddServer, OddReplyOfOneOperationDoesNotHurtOthers) {
  FakeRedis fake([](const Words& words) {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    return words[3] == "odd" ? inspect_reply(words, "v", "soon") : inspect_reply(words, "v");
  });
  RedisRequester requester(fake.options());
  EXPECT_TRUE(is_failure(failure_in(requester.inspect_answer("odd")), errc::protocol_error,
                         {"inspect", "makes no sense"}));
  EXPECT_EQ(requester.inspect(key)->value, "v");
  EXPECT_EQ(fake.connections(), 1);
}

TEST(RedisOddServer, ServerThatForgetsScriptsAtOnceIsNotAskedForEver) {
  std::atomic<int> evals{0};
  FakeRedis fake([&evals](const Words& words) {
    evals += words[0] == "EVAL" ? 1 : 0;
    return words[0] == "EVALSHA" || words[0] == "EVAL" ? std::string("-NOSCRIPT No matching.\r\n")
                                                       : FakeRedis::healthy(words);
  });
  RedisRequester requester(fake.options());
  EXPECT_TRUE(
      is_failure(failure_in(requester.inspect_answer(key)), errc::protocol_error, {"NOSCRIPT"}));
  EXPECT_EQ(evals, 1);
}

// The server's clock is set forward by an hour: by what was known of it, the request seems late.
TEST(RedisOddServer, AttemptThatOnlySeemsLateIsMadeOnceMore) {
  std::atomic<int> attempts{0};
  FakeRedis fake([&attempts](const Words& words) {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    const std::int64_t now_us = 1'700'000'000'000'000 + 3'600'000'000;
    const std::int64_t not_after_us = std::stoll(words.at(8));
    ++attempts;
    return array_of({words.at(7), std::to_string(now_us),
                     now_us > not_after_us ? "too_late" : "granted", "17", "1000", "0", "0"});
  });
  RedisRequester requester(fake.options());
  AttemptRequest request = requester.request(key, new_owner());
  request.not_after = requester.now() + 10s;
  EXPECT_EQ(reply_in(requester.attempt_answer(request)).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(attempts, 2);
  request.not_after = requester.now() - 10s;
  EXPECT_EQ(reply_in(requester.attempt_answer(request)).outcome, AttemptReplyStatus::too_late);
  EXPECT_EQ(attempts, 3);
}

}  // namespace
}  // namespace exclusive_lock::live
