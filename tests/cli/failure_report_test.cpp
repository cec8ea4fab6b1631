// Error messages: a request without a reply, conflicting requests, and a process without the
// resources that it needs.

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_fixture.hpp"
#include "live/fake_redis.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* owner = "00112233445566778899aabbccddeeff-0000000000000001";

// A server that accepts every connection and answers no script.
std::string silence(const std::vector<std::string>& words) {
  return words.front() == "EVALSHA" || words.front() == "EVAL" ? ""
                                                               : live::FakeRedis::healthy(words);
}

class Unanswered : public CommandTest {
 protected:
  void SetUp() override { store_ = "redis://127.0.0.1:" + std::to_string(server_.port()); }
  [[nodiscard]] Ended with_short_timeout(Arguments arguments) const {
    arguments.insert(arguments.begin(), {"--command-timeout", "100ms"});
    return command(std::move(arguments));
  }

  live::FakeRedis server_{silence};
};

TEST_F(Unanswered, RefreshMayHaveBeenCarriedOut) {
  const Ended ended = with_short_timeout({"refresh", "job", "--owner", owner, "--ttl", "5s"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err,
              HasSubstr("the store did not answer the refresh of job; it may have been"));
}

TEST_F(Unanswered, ReleaseIsNotReportedAsDone) {
  const Ended ended = with_short_timeout({"release", "job", "--owner", owner});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("the store did not answer the release of job"));
}

TEST_F(Unanswered, AcquireReportsThatItMayBeHeldAndHowToInspect) {
  const Ended ended = with_short_timeout({"acquire", "job", "--no-wait"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, AllOf(HasSubstr("the store may have done it all the same"),
                               HasSubstr("exclusive-lock inspect NAME")));
}

class FailureReport : public CommandTest {};

// A store needs several files. If a descriptor for any of them is missing, the error says so, and
// no call hangs.
TEST_F(FailureReport, MissingDescriptorIsReportedForEveryLimit) {
  int refusals = 0;
  for (int limit = 4;; ++limit) {  // below, no program starts
    ASSERT_LT(limit, 64);
    Invocation all =
        invocation({"-c", "ulimit -n $LIMIT; exec \"$0\" list", EXCLUSIVE_LOCK_COMMAND},
                   {{"LIMIT", std::to_string(limit)}});
    all.program = "/bin/sh";
    const Ended ended = run(std::move(all));
    if (ended.exit_code == 0) {
      EXPECT_THAT(ended.err, HasSubstr("no locks are held in "));
      break;
    }
    ++refusals;
    EXPECT_EQ(ended.exit_code, 69);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("local store"), HasSubstr("Too many open files")));
  }
  EXPECT_GT(refusals, 1);
}

// The warning is reported once there is a connection; without one, the error says more.
TEST_F(FailureReport, ServerThatMayEvictLocksGetsAWarning) {
  const live::Server server({.arguments = {"--maxmemory-policy", "allkeys-lru"}});
  store_ = server.url();
  const Ended ended = command({"list"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.err, HasSubstr("maxmemory-policy is allkeys-lru"));
}

// The default directory of a local store. The user `nobody` has no home directory, so this test
// leaves no file behind.
TEST_F(FailureReport, DefaultDirectoryDoesNotDependOnTheEnvironment) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can be another user";
  }
  const std::string place = path("open");
  std::filesystem::create_directory(place);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(place, std::filesystem::perms(01777));
  for (const Arguments& environment : std::vector<Arguments>{
           {}, {"XDG_RUNTIME_DIR=" + place, "HOME=" + place, "TMPDIR=" + place, "USER=root"}}) {
    Arguments arguments{"--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "-i"};
    arguments.insert(arguments.end(), environment.begin(), environment.end());
    arguments.insert(arguments.end(), {EXCLUSIVE_LOCK_COMMAND, "--store", "local:", "list"});
    const Ended ended = run({.arguments = arguments, .program = "/usr/bin/setpriv"});
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_THAT(ended.err, HasSubstr("user nobody (uid "));
    EXPECT_THAT(ended.err, HasSubstr("/nonexistent does not exist"));
    EXPECT_THAT(ended.err, HasSubstr("local:///dir"));
    EXPECT_TRUE(std::filesystem::is_empty(place));
  }
}

// The error says that the server at the port is not a Redis server.
class OtherServers : public CommandTest {
 protected:
  [[nodiscard]] Ended asked(const std::string& answer, const std::string& subcommand = "list") {
    const live::FakeRedis fake([&](const std::vector<std::string>&) { return answer; });
    store_ = "redis://127.0.0.1:" + std::to_string(fake.port());
    return command({subcommand, "--connect-timeout", "5s"});
  }
};

TEST_F(OtherServers, ThatSpeakAnotherProtocolAreNamedAsSuch) {
  for (const char* answer :
       {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "<html>\r\n</html>\r\n",
        "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "ERROR\r\n", "220 mail ESMTP\r\n"}) {
    const Ended ended = asked(answer);
    EXPECT_EQ(ended.exit_code, 69);
    EXPECT_THAT(ended.err,
                HasSubstr("this is not a Redis server, or a proxy that does not know HELLO"))
        << answer;
  }
}

TEST_F(OtherServers, ProxyThatKnowsNoHelloIsNamedAsSuch) {
  for (const char* answer : {"-ERR unknown command 'HELLO'\r\n", "-ERR unknown command\r\n"}) {
    EXPECT_THAT(asked(answer).err, HasSubstr("or a proxy that does not know HELLO"));
  }
}

TEST_F(OtherServers, ThatCloseTheConnectionAtOnceAreNamedAsAPossibility) {
  live::FakeRedis fake([&fake](const std::vector<std::string>& words) {
    if (words[0] == "INFO") {  // the last command of the handshake: nothing is left unread
      fake.hang_up();
    }
    return std::string();
  });
  store_ = "redis://127.0.0.1:" + std::to_string(fake.port());
  const Ended ended = command({"list", "--connect-timeout", "300ms"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("the server closed the connection. If it goes on, this is not "
                                   "a Redis server, or a proxy that does not know HELLO"));
  EXPECT_THAT(ended.err, HasSubstr("or it is a TLS port"));
}

TEST_F(OtherServers, AreNotWaitedFor) {
  const live::FakeRedis fake(
      [](const std::vector<std::string>&) { return std::string("HTTP/1.1 400 Bad Request\r\n"); });
  store_ = "redis://127.0.0.1:" + std::to_string(fake.port());
  const Ended ended = command({"run", "job", "--", "true"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("this is not a Redis server"));
}

// The server's error names the line of the script, but not the command.
TEST_F(FailureReport, CommandMissingOnTheServerIsNamedAlsoInsideAScript) {
  for (const live::ServerKind kind : live::servers_to_test()) {
    const live::Server server({.kind = kind, .arguments = {"--rename-command", "PTTL", "NOPTTL"}});
    store_ = server.url();
    const Ended ended = command({"acquire", "job"});
    EXPECT_EQ(ended.exit_code, 69);
    EXPECT_THAT(ended.err, HasSubstr("[the command: PTTL]"));
  }
}

}  // namespace
}  // namespace exclusive_lock::cli_test
