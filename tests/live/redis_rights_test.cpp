// What a user of the server must be allowed: exactly the rule in docs/server_rights.md, and what
// happens without a part of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "live/job_key.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

// The parts of the rule in docs/server_rights.md.
const std::vector<std::string> needed{
    "hello", "evalsha", "eval", "script|load", "time",   "pttl",   "getrange",     "get",
    "set",   "pexpire", "del",  "zcard",       "zcount", "zscore", "zrangebyscore"};
std::vector<std::string> needed_with_waiting() {
  std::vector<std::string> rights = needed;
  rights.insert(rights.end(), {"zadd", "zrem", "zrange", "hset", "hget", "hdel", "hexists"});
  return rights;
}

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
  RedisRequester requester(options_of_locker(server));
  const Owner owner = new_owner();
  EXPECT_EQ(requester.attempt(key, owner).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  const auto seen = requester.inspect(key);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(requester.remove(key, "x"));
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  EXPECT_TRUE(is_failure(failure_in(requester.list_answer("exclusive-lock:")),
                         errc::permission_denied, {"scan"}));
  admin.must({"ACL", "SETUSER", "locker", "+scan"});
  EXPECT_EQ(requester.list("exclusive-lock:").records.size(), 0U);
}

TEST_P(Rights, NamedOnesSufficeForWaitingWithoutBeingTold) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with(needed_with_waiting()));
  RedisRequester requester(options_of_locker(server));
  const Owner first = new_owner();
  const Owner second = new_owner();
  const Owner third = new_owner();
  requester.attempt(key, first);
  EXPECT_EQ(requester.patient_attempt(key, second).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.patient_attempt(key, with_ticket(second, 2)).outcome,
            AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.patient_attempt(key, third).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.heartbeat(key, with_ticket(second, 2)).outcome,
            HeartbeatReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.heartbeat(key, with_ticket(second, 2)).outcome,
            HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester.release(key, third), ReleaseReplyStatus::left);
  EXPECT_EQ(requester.release(key, with_ticket(second, 2)), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester.store().pushes_grants());
}

TEST_P(Rights, ThoseForWaitingSufficeForBarging) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with(needed_with_waiting()));
  RedisRequester requester(options_of_locker(server));
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  requester.attempt(key, first);
  EXPECT_EQ(requester.patient_attempt(key, waiter).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, first, 1), ReleaseReplyStatus::released);
  AttemptRequest barging = requester.request(key, new_owner());
  barging.barging_limit = 1;
  EXPECT_EQ(reply_in(requester.attempt_answer(barging)).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.release(key, barging.owner, 1), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.heartbeat(key, waiter).outcome, HeartbeatReplyStatus::granted);
}

TEST_P(Rights, EachMissingOneIsToldAndNothingWasDone) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  for (const std::string missing : {"evalsha", "time", "pttl", "get", "set", "zcount"}) {
    std::vector<std::string> rest = needed;
    std::erase(rest, missing);
    admin.must(user_with(rest));
    RedisRequester requester(options_of_locker(server));
    const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
    EXPECT_TRUE(is_failure(failure, errc::permission_denied, {missing})) << missing;
    EXPECT_FALSE(failure.may_have_run);
    EXPECT_EQ(admin.integer({"EXISTS", key}), 0) << missing;
  }
}

TEST_P(Rights, EachMissingOneIsToldWhereTheLockIsHeld) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must({"SET", key, "1"});
  for (const std::string missing : {"getrange", "pttl"}) {
    std::vector<std::string> rest = needed;
    std::erase(rest, missing);
    admin.must(user_with(rest));
    RedisRequester requester(options_of_locker(server));
    const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
    EXPECT_TRUE(is_failure(failure, errc::permission_denied, {missing})) << missing;
    EXPECT_EQ(admin.text({"GET", key}), "1") << missing;
  }
}

// An error of a command in a script is told, and not taken for "there is nothing of ours".
TEST_P(Rights, MissingOneIsNeverTakenForALoss) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with(needed));
  RedisRequester requester(options_of_locker(server));
  const Owner owner = new_owner();
  requester.attempt(key, owner);
  admin.must({"ACL", "SETUSER", "locker", "-getrange"});
  EXPECT_TRUE(is_failure(failure_in(requester.refresh_answer({{key, owner, long_ttl}})),
                         errc::permission_denied, {"getrange"}));
  EXPECT_TRUE(is_failure(failure_in(requester.release_answer(key, owner)), errc::permission_denied,
                         {"getrange"}));
  EXPECT_EQ(admin.integer({"EXISTS", key}), 1);
}

// --- the rule -----------------------------------------------------------------------------------

// The words of the rule, with a password.
std::vector<std::string> documented_rule() {
  std::ifstream page(EXCLUSIVE_LOCK_SOURCE "/docs/server_rights.md");
  std::string text{std::istreambuf_iterator<char>(page), {}};
  const auto begin = text.find("ACL SETUSER");
  std::istringstream rule(text.substr(begin, text.find("```", begin) - begin));
  std::vector<std::string> words{std::istream_iterator<std::string>(rule), {}};
  std::ranges::replace(words, ">PASSWORD", ">secret");
  return words;
}

std::vector<std::string> documented_commands() {
  std::vector<std::string> commands;
  for (const std::string& word : documented_rule()) {
    if (word.starts_with("+")) {
      commands.push_back(word.substr(1));
    }
  }
  return commands;
}

// What the server refused to this user. The store looks at the eviction policy where it may.
std::vector<std::string> refused(RawClient& admin) {
  std::vector<std::string> objects;
  for (const Reply& entry : admin.must({"ACL", "LOG", "100"}).items) {
    for (std::size_t i = 0; i + 1 < entry.items.size(); i += 2) {
      if (entry.items[i].text == "object" && entry.items[i + 1].text != "info") {
        objects.push_back(entry.items[i + 1].text);
      }
    }
  }
  return objects;
}

// Everything that the library asks of a server. Ends where something is refused.
void do_everything(const Server& server, RawClient& admin) {
  RedisRequester requester(options_of_locker(server));
  requester.store().listen({[](const auto&) {}, [] {}});
  const Owner first = new_owner();
  const Owner second = new_owner();
  const Owner third = new_owner();
  requester.attempt(key, first);
  admin.must({"SCRIPT", "FLUSH"});
  requester.refresh(key, first);
  requester.attempt(key, second);
  requester.patient_attempt(key, second);
  eventually([&] { return requester.store().pushes_grants() || !refused(admin).empty(); });
  requester.patient_attempt(key, with_ticket(second, 2));
  AttemptRequest long_one = requester.patient_request(key, third);
  long_one.record_tail += std::string(3000, ' ');
  requester.attempt_answer(long_one);
  requester.heartbeat(key, third);
  requester.heartbeat(key, with_ticket(second, 2));
  requester.release(key, first, 1);
  requester.heartbeat(key, third);
  requester.release(key, with_ticket(second, 2));
  requester.release(key, third);
  requester.attempt(key, first);
  const auto record = requester.inspect(key);
  requester.remove(key, record ? record->value : "");
  requester.list("exclusive-lock:");
}

TEST_P(Rights, DocumentedRuleSuffices) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(documented_rule());
  ASSERT_NO_THROW(do_everything(server, admin));
  EXPECT_EQ(refused(admin), std::vector<std::string>());
  std::atomic<int> pushes = 0;
  RedisRequester requester(options_of_locker(server));
  requester.store().listen({[&pushes](const auto&) { ++pushes; }, [] {}});
  const Owner first = new_owner();
  requester.attempt(key, first);
  requester.patient_attempt(key, new_owner());
  ASSERT_TRUE(eventually([&] { return requester.store().pushes_grants(); }));
  requester.patient_attempt(key, new_owner());
  requester.release(key, first);
  requester.remove(key, requester.inspect(key).value().value);
  EXPECT_TRUE(eventually([&] { return pushes >= 1; })) << pushes;
  requester.store().close();
}

TEST_P(Rights, EachCommandOfTheDocumentedRuleIsNeeded) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  for (const std::string& missing : documented_commands()) {
    if (missing == "hello") {
      continue;  // Redis 6 alone asks for it
    }
    admin.must({"FLUSHALL"});
    admin.must({"SCRIPT", "FLUSH"});
    std::vector<std::string> rule = documented_rule();
    rule.insert(rule.begin() + 3, "reset");
    std::erase(rule, "+" + missing);
    admin.must(rule);
    admin.must({"ACL", "LOG", "RESET"});
    try {
      do_everything(server, admin);
    } catch (const StoreError&) {  // refused() says of what
    }
    EXPECT_TRUE(eventually([&] { return !refused(admin).empty(); })) << missing;
  }
}

// A user sees the message and not the page.
TEST_P(Rights, MessageNamesThemAll) {
  Server server({.kind = GetParam()});
  RawClient admin = server.client();
  admin.must(user_with({"hello"}));
  RedisRequester requester(options_of_locker(server));
  const auto failure = failure_in(requester.attempt_answer(requester.request(key, new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::permission_denied, documented_commands()));
  EXPECT_TRUE(is_failure(failure, errc::permission_denied,
                         {"~exclusive-lock:*", "~{exclusive-lock:*", "&exclusive-lock:push:*"}));
}

INSTANTIATE_TEST_SUITE_P(Servers, Rights, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST(RedisRights, KeysOutsideTheRightsAreToldAsSuch) {
  Server server;
  server.client().must(user_with(needed));
  RedisRequester requester(options_of_locker(server));
  const auto failure =
      failure_in(requester.attempt_answer(requester.request("other:job", new_owner())));
  EXPECT_TRUE(is_failure(failure, errc::permission_denied, {"~exclusive-lock:*"}));
}

}  // namespace
}  // namespace exclusive_lock::live
