// Servers that mean harm, or are broken: what they send ends their connection and nothing else.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>

#include "live/fake_redis.hpp"
#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

std::string nested(int depth) {
  std::string bytes;
  for (int i = 0; i < depth; ++i) {
    bytes += "*1\r\n";
  }
  return bytes + ":1\r\n";
}

// Made when it is needed: GoogleTest writes every parameter out at each start of the program.
using Monster = std::string (*)();

class Monsters : public testing::TestWithParam<Monster> {};

TEST_P(Monsters, EndTheConnectionAndNothingElse) {
  const std::string monster = GetParam()();
  std::atomic<bool> is_mad{true};
  FakeRedis fake([&](const Words& words) {
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    return is_mad.exchange(false) ? monster : inspect_reply(words, "v");
  });
  RedisRequester requester(fake.options());
  const auto failure = failure_in(requester.inspect_answer(key, 2s));
  EXPECT_TRUE(failure.code == errc::outcome_unknown || failure.code == errc::protocol_error)
      << failure.message;
  EXPECT_TRUE(failure.may_have_run);
  EXPECT_TRUE(requester.works_again());
}

INSTANTIATE_TEST_SUITE_P(
    RedisOddServer, Monsters,
    testing::Values([] { return std::string("*4294967295\r\n:1\r\n"); },
                    [] { return std::string("%9223372036854775807\r\n:1\r\n"); },
                    [] { return std::string("$536870912\r\nabc"); },
                    [] { return std::string("$18446744073709551615\r\nabc\r\n"); },
                    [] { return std::string("*-1\r\n"); }, [] { return std::string("$-7\r\n"); },
                    [] { return std::string("?what\r\n"); },
                    [] { return std::string(":9999999999999999999999\r\n"); },
                    [] { return std::string(":12x\r\n"); }, [] { return nested(1'000'000); },
                    [] { return nested(9); }, [] { return std::string(3'000'000, 'x'); },
                    [] { return "$3000000\r\n" + std::string(3'000'000, 'x') + "\r\n"; },
                    [] { return std::string("*2\r\n+a\r\n+b\r\n"); },
                    [] { return std::string("_\r\n"); }, [] { return std::string("+OK\r\n"); },
                    [] { return std::string("$?\r\n;3\r\nabc\r\n;0\r\n"); },
                    [] { return std::string("$\r\n"); }, [] { return std::string(";0\r\n"); },
                    [] { return std::string("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n$?\r\n"); }));

// What a server sends without an end, once it has begun with something.
struct Babble {
  const char* name;
  std::string (*begin)();
  std::string (*again)();
  std::chrono::milliseconds pause;
};

std::string push_of(const std::string& text) {
  return ">3\r\n" + bulk("message") + bulk("c") + bulk(text);
}

std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  file >> whole >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

class Babblers : public testing::TestWithParam<Babble> {
 protected:
  std::string begin() {
    fake.go_on_for_ever(GetParam().again(), GetParam().pause);
    return GetParam().begin();
  }

  std::atomic<bool> greets{true};
  std::atomic<bool> answers{true};
  FakeRedis fake{[this](const Words& words) {
    if (words[0] == "HELLO" && !greets) {
      return begin();
    }
    if (words[0] != "EVALSHA") {
      return FakeRedis::healthy(words);
    }
    return answers ? inspect_reply(words, "v") : begin();
  }};
};

TEST_P(Babblers, EndTheRequestInItsTimeAndNothingElse) {
  RedisStoreOptions options = fake.options();
  options.command_timeout = 2s;
  RedisRequester requester(options);
  ASSERT_EQ(requester.inspect(key)->value, "v");
  const std::size_t before = resident_mib();
  answers = false;
  for (const Milliseconds max_wait : {1000ms, 20'000ms}) {  // its own end, and that of the silence
    const auto failure = failure_in(requester.inspect_answer(key, max_wait));
    // On a busy machine its time may be over before it is sent.
    EXPECT_EQ(failure.code, failure.may_have_run ? errc::outcome_unknown : errc::store_unavailable)
        << failure.message;
  }
  EXPECT_LT(resident_mib(), before + 512);
  answers = true;
  EXPECT_TRUE(requester.works_again());
}

TEST_P(Babblers, EndTheTryToConnectInItsTime) {
  greets = false;
  RedisStoreOptions options = fake.options();
  options.connect_timeout = 500ms;
  const std::size_t before = resident_mib();
  const auto failure = failure_to_open(options);
  EXPECT_TRUE(failure.code == errc::store_unavailable || failure.code == errc::unsuitable_store)
      << failure.message;
  EXPECT_LT(resident_mib(), before + 512);
  greets = true;
  RedisRequester requester(fake.options());
  EXPECT_EQ(requester.inspect(key)->value, "v");
}

INSTANTIATE_TEST_SUITE_P(
    RedisOddServer, Babblers,
    testing::Values(Babble{"ShortPushes", [] { return std::string(); },
                           [] {
                             std::string many;
                             for (int i = 0; i < 1000; ++i) {
                               many += push_of("text");
                             }
                             return many;
                           },
                           0ms},
                    Babble{"LongPushes", [] { return std::string(); },
                           [] { return push_of(std::string(1'000'000, 'x')); }, 0ms},
                    Babble{"Drip", [] { return std::string("$1000000\r\n"); },
                           [] { return std::string("x"); }, 5ms},
                    Babble{"DripOfElements", [] { return std::string("*8000\r\n"); },
                           [] { return std::string(":1\r\n"); }, 5ms},
                    Babble{"DripOfPushes", [] { return std::string(); },
                           [] { return push_of("text"); }, 5ms}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace exclusive_lock::live
