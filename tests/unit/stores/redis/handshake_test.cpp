#include "stores/redis/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"
#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Reply hello(const std::string& role, const std::string& mode = "standalone",
            std::int64_t protocol = 3) {
  return array({text("server"), text("redis"), text("version"), text("7.0.15"), text("proto"),
                integer(protocol), text("id"), integer(4), text("mode"), text(mode), text("role"),
                text(role), text("modules"), array({})});
}
const Reply time_reply = array({text("1700000000"), text("123456")});
Reply info(const std::string& policy, const std::string& limit = "0") {
  return text("# Server\r\nrun_id:0123abcd\r\n# Memory\r\nused_memory:1\r\nmaxmemory:" + limit +
              "\r\nmaxmemory_human:0B\r\nmaxmemory_policy:" + policy + "\r\nother:1\r\n");
}

Greeting greeting(const std::vector<Reply>& replies, const Login& login = {}) {
  return std::get<Greeting>(judge_handshake(login, replies).value());
}
StoreFailure refusal(const std::vector<Reply>& replies, const Login& login = {}) {
  return std::get<StoreFailure>(judge_handshake(login, replies).value());
}

using Lines = std::vector<std::string>;

// A line for each command. Each has its reply.
Lines lines_of(const Login& login) {
  Lines lines;
  send_handshake(login, [&lines](const Command& command) {
    std::string& line = lines.emplace_back();
    for (const std::string_view word : command) {
      line.append(line.empty() ? "" : " ").append(word.empty() ? "''" : word);
    }
  });
  EXPECT_EQ(lines.size(), handshake_replies(login));
  return lines;
}

TEST(Handshake, SaysOnlyWhatIsNeeded) {
  EXPECT_EQ(lines_of({}), (Lines{"HELLO 3", "TIME", "INFO"}));
  EXPECT_EQ(lines_of({.username = {}, .password = "p", .client_name = "me", .database = 2}),
            (Lines{"HELLO 3 AUTH default p SETNAME me", "SELECT 2", "TIME", "INFO"}));
  EXPECT_EQ(lines_of({.username = "u", .password = {}, .client_name = {}})[0], "HELLO 3 AUTH u ''");
}

TEST(Handshake, ScriptIsLoadedLastAndMayBeRefused) {
  const Login login{
      .username = {}, .password = {}, .client_name = {}, .database = 2, .script = "return 1"};
  EXPECT_EQ(lines_of(login),
            (Lines{"HELLO 3", "SELECT 2", "TIME", "INFO", "SCRIPT LOAD return 1"}));
  std::vector<Reply> replies{hello("master"), text("OK"), time_reply, info("noeviction")};
  EXPECT_FALSE(judge_handshake(login, replies));  // one is to come
  replies.push_back(error("NOPERM this user has no permissions to run the 'script|load' command"));
  EXPECT_EQ(greeting(replies, login).run_id, "0123abcd");
}

TEST(Handshake, MasterIsWelcome) {
  const Greeting server = greeting({hello("master"), time_reply, info("noeviction")});
  EXPECT_EQ(server.server, "redis 7.0.15");
  EXPECT_EQ(server.run_id, "0123abcd");
  EXPECT_EQ(server.time, StoreTime(1'700'000'000'123'456));
  EXPECT_THAT(server.warnings, IsEmpty());
}

TEST(Handshake, ReplicasOfAllKindsAreRefused) {
  EXPECT_EQ(refusal({hello("replica"), time_reply, info("noeviction")}).code,
            errc::store_read_only);
  EXPECT_EQ(refusal({hello("slave"), time_reply, info("noeviction")}).code, errc::store_read_only);
  EXPECT_EQ(refusal({hello("active-replica"), time_reply, info("noeviction")}).code,
            errc::unsuitable_store);
  EXPECT_EQ(refusal({hello("\x1b[2J"), time_reply, info("noeviction")}).message.find('\x1b'),
            std::string::npos);
}

TEST(Handshake, SentinelAndOldProtocolsAreRefused) {
  EXPECT_EQ(refusal({hello("master", "sentinel"), time_reply, info("noeviction")}).code,
            errc::unsuitable_store);
  EXPECT_EQ(refusal({hello("master", "standalone", 2), time_reply, info("noeviction")}).code,
            errc::unsuitable_store);
  EXPECT_EQ(refusal({error("ERR unknown command `HELLO`"), error("x"), error("x")}).code,
            errc::unsuitable_store);
  EXPECT_EQ(refusal({text("OK"), text("OK"), text("OK")}).code, errc::unsuitable_store);
}

TEST(Handshake, WhatAServerCallsItselfIsNotRepeated) {  // G11: it may be what it was sent
  const StoreFailure failure = refusal({hello("hunter2"), time_reply, info("noeviction")});
  EXPECT_EQ(failure.code, errc::store_read_only);
  EXPECT_EQ(failure.message.find("hunter2"), std::string::npos) << failure.message;
}

TEST(Handshake, EvictionPolicyAndClusterAreWarnedAbout) {
  EXPECT_THAT(greeting({hello("master"), time_reply, info("allkeys-lru", "1000")}).warnings,
              ElementsAre(testing::AllOf(HasSubstr("allkeys-lru"), HasSubstr("is 1000"),
                                         HasSubstr("noeviction"))));
  EXPECT_THAT(greeting({hello("master", "cluster"), time_reply, info("noeviction")}).warnings,
              ElementsAre(HasSubstr("cluster")));
}

TEST(Handshake, BusyServerAndMissingRightsForTimeAndInfoDoNoHarm) {
  const Greeting server = greeting(
      {hello("master"), error("BUSY Redis is busy running a script."), error("NOPERM no")});
  EXPECT_FALSE(server.time);
  EXPECT_THAT(server.warnings, IsEmpty());
}

TEST(Handshake, RefusedDatabaseIsARefusal) {
  const Login login{.username = {}, .password = {}, .client_name = {}, .database = 99};
  const std::vector<Reply> replies{hello("master"), error("ERR DB index is out of range"),
                                   time_reply, info("noeviction")};
  EXPECT_EQ(refusal(replies, login).code, errc::unsuitable_store);
}

TEST(Handshake, CutShortItTellsWhatItCan) {
  EXPECT_FALSE(judge_handshake({}, {}));
  EXPECT_FALSE(judge_handshake({}, {hello("master")}));
  EXPECT_EQ(refusal({error("ERR max number of clients reached")}).code, errc::too_many_clients);
  EXPECT_EQ(refusal({error("NOAUTH HELLO must be called with ...")}).code,
            errc::authentication_required);
}

TEST(Time, OddRepliesAreNoTime) {
  EXPECT_EQ(time_in(time_reply), StoreTime(1'700'000'000'123'456));
  for (const Reply& odd :
       {error("BUSY"), text("1700000000"), array({}), array({text("1"), text("2"), text("3")}),
        array({text("x"), text("1")}), array({text("1"), text("")}), array({text("-1"), text("1")}),
        array({text("1"), text("1000000")}), array({text("9999999999999999"), text("1")}),
        array({text("1099511627776"), text("1")}), array({integer(1), integer(1)})}) {
    EXPECT_FALSE(time_in(odd));
  }
}

}  // namespace
}  // namespace exclusive_lock::redis
