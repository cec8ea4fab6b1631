// Every error text that servers were seen to send, as they sent it (without the '-' in front).

#include "stores/redis/redis_errors.hpp"

#include <gtest/gtest.h>

#include <string>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::redis {
namespace {

struct Case {
  std::string text;
  errc code;
};

void PrintTo(const Case& example, std::ostream* out) { *out << example.text; }

class RedisErrors : public testing::TestWithParam<Case> {};

TEST_P(RedisErrors, AreClassified) {
  const StoreFailure failure = server_refused(GetParam().text);
  EXPECT_EQ(failure.code, GetParam().code) << failure.message;
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_NE(failure.message.find(": "), std::string::npos);
}

// As each server spells what a command raised inside a script.
std::string as_of_redis_6(const std::string& error) {
  return "ERR Error running script (call to f_2fb6e0fe4fd5db71b7ed8e4f0e1e5a3b8c1f0d5e): "
         "@user_script:1: @user_script: 1: -" +
         error;
}
std::string as_of_redis_6_through_pcall(const std::string& error) {
  return "@user_script: 1: -" + error;
}
std::string as_of_redis_7(const std::string& error) {
  return error + " script: 2fb6e0fe4fd5db71b7ed8e4f0e1e5a3b8c1f0d5e, on @user_script:1.";
}
std::string as_of_valkey_9(const std::string& error) {
  return error + " script: on @user_script:1.";
}

const std::string oom = "OOM command not allowed when used memory > 'maxmemory'.";
const std::string misconf =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";
const std::string readonly = "READONLY You can't write against a read only replica.";
const std::string noreplicas = "NOREPLICAS Not enough good replicas to write.";
const std::string wrongtype = "WRONGTYPE Operation against a key holding the wrong kind of value";

INSTANTIATE_TEST_SUITE_P(
    Loading, RedisErrors,
    testing::Values(Case{"LOADING Redis is loading the dataset in memory", errc::store_loading},
                    Case{"LOADING KeyDB is loading the dataset in memory", errc::store_loading},
                    Case{"LOADING Redict is loading the dataset in memory", errc::store_loading},
                    Case{"LOADING Valkey is loading the dataset in memory", errc::store_loading},
                    Case{"LOADING Dragonfly is loading the dataset in memory",
                         errc::store_loading}));

INSTANTIATE_TEST_SUITE_P(
    Replica, RedisErrors,
    testing::Values(
        Case{readonly, errc::store_failed_over},
        Case{as_of_redis_6(readonly), errc::store_failed_over},
        Case{as_of_redis_6_through_pcall(readonly), errc::store_failed_over},
        Case{as_of_redis_7(readonly), errc::store_failed_over},
        Case{"REDIRECT 10.0.0.7:6379", errc::store_failed_over},
        Case{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
             errc::store_failed_over},
        Case{"UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
             "replica?)",
             errc::store_failed_over}));

INSTANTIATE_TEST_SUITE_P(Memory, RedisErrors,
                         testing::Values(Case{oom, errc::store_out_of_memory},
                                         Case{as_of_redis_6(oom), errc::store_out_of_memory},
                                         Case{as_of_redis_6_through_pcall(oom),
                                              errc::store_out_of_memory},
                                         Case{as_of_redis_7(oom), errc::store_out_of_memory},
                                         Case{as_of_valkey_9(oom), errc::store_out_of_memory},
                                         Case{"ERR Out of memory", errc::store_out_of_memory}));

INSTANTIATE_TEST_SUITE_P(
    Persistence, RedisErrors,
    testing::Values(Case{misconf, errc::store_not_persisting},
                    Case{as_of_redis_6(misconf), errc::store_not_persisting},
                    Case{as_of_redis_7(misconf), errc::store_not_persisting},
                    Case{noreplicas, errc::store_not_persisting},
                    Case{as_of_redis_6(noreplicas), errc::store_not_persisting},
                    Case{as_of_redis_7(noreplicas), errc::store_not_persisting}));

INSTANTIATE_TEST_SUITE_P(
    Authentication, RedisErrors,
    testing::Values(
        Case{"NOAUTH Authentication required.", errc::authentication_required},
        Case{"NOAUTH HELLO must be called with the client already authenticated, otherwise the "
             "HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and "
             "select the RESP protocol version at the same time",
             errc::authentication_required},
        Case{"WRONGPASS invalid username-password pair or user is disabled.", errc::wrong_password},
        Case{"WRONGPASS invalid username-password pair", errc::wrong_password},
        Case{"DENIED Redis is running in protected mode because protected mode is enabled and no "
             "password is set for the default user.",
             errc::permission_denied}));

INSTANTIATE_TEST_SUITE_P(
    Rights, RedisErrors,
    testing::Values(
        Case{"NOPERM this user has no permissions to run the 'evalsha' command or its subcommand",
             errc::permission_denied},
        Case{"NOPERM this user has no permissions to run the 'evalsha' command",
             errc::permission_denied},
        Case{"NOPERM User u has no permissions to run the 'evalsha' command",
             errc::permission_denied},
        Case{"NOPERM this user has no permissions to access one of the keys used as arguments",
             errc::permission_denied},
        Case{"NOPERM No permissions to access a key", errc::permission_denied},
        Case{"ERR Error running script (call to f_2fb6e0fe): @user_script:1: @user_script: 1: The "
             "user executing the script can't run this command or subcommand",
             errc::permission_denied},
        Case{"ERR The user executing the script can't run this command or subcommand script: "
             "2fb6e0fe, on @user_script:1.",
             errc::permission_denied},
        Case{"ERR Error running script (call to f_2fb6e0fe): @user_script:1: @user_script: 1: The "
             "user executing the script can't access at least one of the keys mentioned in the "
             "command arguments",
             errc::permission_denied},
        Case{
            "ERR ACL failure in script: User u has no permissions to run the 'set' command script: "
            "2fb6e0fe, on @user_script:1.",
            errc::permission_denied}));

INSTANTIATE_TEST_SUITE_P(
    Busy, RedisErrors,
    testing::Values(Case{"BUSY Redis is busy running a script. You can only call SCRIPT KILL or "
                         "SHUTDOWN NOSAVE.",
                         errc::store_busy},
                    Case{"BUSY KeyDB is busy running a script. You can only call SCRIPT KILL or "
                         "SHUTDOWN NOSAVE.",
                         errc::store_busy},
                    Case{"TRYAGAIN Multiple keys request during rehashing of slot",
                         errc::store_busy}));

INSTANTIATE_TEST_SUITE_P(
    Cluster, RedisErrors,
    testing::Values(
        Case{"MOVED 15740 127.0.0.1:7001", errc::unsuitable_store},
        Case{as_of_redis_6("MOVED 15740 127.0.0.1:7001"), errc::unsuitable_store},
        Case{"ASK 15740 127.0.0.1:7001", errc::unsuitable_store},
        Case{"CROSSSLOT Keys in request don't hash to the same slot", errc::unsuitable_store},
        Case{"CLUSTERDOWN Hash slot not served", errc::store_unavailable},
        Case{"CLUSTERDOWN The cluster is down", errc::store_unavailable},
        Case{"ERR SELECT is not allowed in cluster mode", errc::unsuitable_store},
        Case{"ERR Script attempted to access keys that do not hash to the same slot",
             errc::unsuitable_store},
        Case{"ERR Script attempted to access a non local key in a cluster node",
             errc::unsuitable_store},
        Case{"ERR script tried accessing undeclared key, key: k", errc::unsuitable_store}));

INSTANTIATE_TEST_SUITE_P(
    Other, RedisErrors,
    testing::Values(
        Case{"ERR max number of clients reached", errc::too_many_clients},
        Case{wrongtype, errc::wrong_type}, Case{as_of_redis_7(wrongtype), errc::wrong_type},
        Case{"ERR Error running script (call to f_2fb6e0fe): @user_script:41: " + wrongtype,
             errc::wrong_type},
        Case{"NOPROTO unsupported protocol version", errc::unsuitable_store},
        Case{"NOPROTO sorry, this protocol version is not supported.", errc::unsuitable_store},
        Case{"ERR unknown command `HELLO`, with args beginning with: `3`, ",
             errc::unsuitable_store},
        Case{"ERR unknown command 'EVALSHA', with args beginning with: 'a' ",
             errc::unsuitable_store},
        Case{"ERR Unknown subcommand or wrong number of arguments for 'X'. Try CLIENT HELP.",
             errc::unsuitable_store},
        Case{"ERR unknown subcommand 'X'. Try CLIENT HELP.", errc::unsuitable_store},
        Case{"ERR DB index is out of range", errc::unsuitable_store},
        Case{"ERR increment or decrement would overflow", errc::wrong_type},
        Case{"EXECABORT Transaction discarded because of previous errors.", errc::protocol_error},
        Case{"NOSCRIPT No matching script. Please use EVAL.", errc::protocol_error},
        Case{"ERR invalid expire time in 'set' command", errc::protocol_error},
        Case{"ERR syntax error", errc::protocol_error}, Case{"", errc::protocol_error},
        Case{"FUTURE something new", errc::protocol_error}));

// Words of people and of servers that only look like a code.
INSTANTIATE_TEST_SUITE_P(
    LookingLikeACode, RedisErrors,
    testing::Values(Case{"ERR unknown command 'X', with args beginning with: '-OOM ' 'BUSY ",
                         errc::unsuitable_store},
                    Case{"ERR the cluster said MOVED 1 a:1", errc::protocol_error},
                    Case{"OOMPH what a word", errc::protocol_error},
                    Case{"BUSYGROUP Consumer Group name already exists", errc::protocol_error},
                    Case{"BUSYKEY Target key name already exists.", errc::protocol_error},
                    Case{"ASKING is not a code", errc::protocol_error}));

TEST(RedisErrorMessage, SaysWhatHappenedWhatItMeansAndWhatToDo) {
  const std::string message = server_refused(oom).message;
  EXPECT_NE(message.find(oom), std::string::npos) << message;
  EXPECT_NE(message.find("can still be refreshed and released"), std::string::npos) << message;
  EXPECT_NE(message.find("raise maxmemory"), std::string::npos) << message;
}

TEST(RedisErrorMessage, TellsThatTheServerIsAClusterAndTheUrlIsNotForOne) {
  const std::string message = server_refused("MOVED 15740 127.0.0.1:7001").message;
  EXPECT_NE(message.find("cluster"), std::string::npos) << message;
  EXPECT_NE(message.find("URL of this form"), std::string::npos) << message;
}

TEST(RedisErrorMessage, NamesTheMissingRight) {
  const std::string message =
      server_refused("NOPERM User u has no permissions to run the 'pexpire' command").message;
  EXPECT_NE(message.find("'pexpire'"), std::string::npos) << message;
  EXPECT_NE(message.find("~{exclusive-lock:*"), std::string::npos) << message;
}

TEST(RedisErrorMessage, EscapesAndCutsTheServersText) {
  const std::string message = server_refused("ERR \x1b[2J\r" + std::string(100'000, 'x')).message;
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_EQ(message.find('\r'), std::string::npos);
  EXPECT_LT(message.size(), 2000U);
}

TEST(RedisErrorMessage, NeverShowsThePassword) {
  const StoreFailure failure = server_refused_connection(
      "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `u`, `hunter2`, "
      "`hunter2`",
      "hunter2");
  EXPECT_EQ(failure.code, errc::unsuitable_store);
  EXPECT_EQ(failure.message.find("hunter2"), std::string::npos) << failure.message;
}

// Servers repeat the first 128 bytes of what they were asked, and no more of it.
TEST(RedisErrorMessage, NeverShowsTheBeginningOfThePassword) {
  const std::string password = "correct-horse-battery-staple";
  for (std::size_t size = 5; size <= password.size(); ++size) {
    const StoreFailure failure = server_refused_connection(
        "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' '" +
            password.substr(0, size) + "' ",
        password);
    EXPECT_EQ(failure.message.find("corre"), std::string::npos) << failure.message;
    EXPECT_EQ(failure.code, errc::unsuitable_store);
  }
}

// Line breaks come back as spaces, for they would end the error.
TEST(RedisErrorMessage, NeverShowsAPasswordWithLineBreaks) {
  const StoreFailure failure =
      server_refused_connection("ERR unknown command 'HELLO' 'open sesame '", "open\nsesame\r");
  EXPECT_EQ(failure.message.find("open"), std::string::npos) << failure.message;
  EXPECT_EQ(failure.message.find("sesame"), std::string::npos) << "what is behind the line break";
}

TEST(RedisErrorMessage, MeansTheSameWhereAPasswordBeginsLikeIt) {
  const std::string_view text = "WRONGPASS invalid username-password pair or user is disabled.";
  for (const char* password : {"WRONG-horse", "WRONGPASS", "invalid", "s"}) {
    EXPECT_EQ(server_refused_connection(text, password).code, errc::wrong_password) << password;
  }
}

TEST(RedisErrorMessage, WithoutAPasswordShowsEverything) {
  const StoreFailure failure = server_refused_connection("ERR unknown command 'HELLO' '3'", "");
  EXPECT_NE(failure.message.find("unknown command 'HELLO' '3'"), std::string::npos);
}

TEST(RedisErrorText, MissingScriptAndWrongTypeAreRecognised) {
  EXPECT_TRUE(is_missing_script("NOSCRIPT No matching script. Please use EVAL."));
  EXPECT_TRUE(is_missing_script("NOSCRIPT No matching script."));
  EXPECT_FALSE(is_missing_script("NOSCRIPTS at all"));
  EXPECT_FALSE(is_missing_script("ERR NOSCRIPT"));
  EXPECT_TRUE(is_wrong_type(as_of_redis_7(wrongtype)));
  EXPECT_TRUE(
      is_wrong_type("ERR Error running script (call to f_1): @user_script:9: " + wrongtype));
  EXPECT_FALSE(is_wrong_type(oom));
}

TEST(SenselessAnswer, MayHaveRun) {
  EXPECT_EQ(senseless_answer("a script").code, errc::protocol_error);
  EXPECT_TRUE(senseless_answer("a script").may_have_run);
}

// Redis 7 and later, Redis 6 and KeyDB, and one that tells another line.
TEST(CommandOfAScript, IsNamedByItsLine) {
  const std::string script = "\nlocal x\nredis.call('ZPOPMIN', KEYS[1])\nredis.call('GET', x)";
  for (const std::string text :
       {"ERR Unknown Redis command called from script script: 2fb6, on @user_script:3.",
        "ERR Unknown Redict command called from script script: 2fb6, on @user_script:3.",
        "ERR Error running script (call to f_2fb6): @user_script:3: @user_script: 3: Unknown Redis "
        "command called from Lua script"}) {
    EXPECT_EQ(with_command_named(text, script), text + " [the command: ZPOPMIN]");
    EXPECT_EQ(server_refused(with_command_named(text, script)).code, errc::unsuitable_store);
  }
  for (const std::string text :
       {"ERR Unknown Redis command called from script script: 2fb6, on @user_script:2.",
        "ERR Unknown Redis command called from script script: 2fb6, on @user_script:99.",
        "ERR Unknown Redis command called from script", "OOM command not allowed @user_script:3.",
        "ERR Unknown Redis command @user_script:99999999999999999999999."}) {
    EXPECT_EQ(with_command_named(text, script), text);
  }
}

}  // namespace
}  // namespace exclusive_lock::redis
