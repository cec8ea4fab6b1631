// Passwords do not appear in ps, in logs and errors, or in the command's environment (G11).

#include <gmock/gmock.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* password = "open-sesame";

class Passwords : public CommandTest {
 protected:
  void SetUp() override { store_ = server_.url(); }
  [[nodiscard]] std::string url_with_password() const {
    return "redis://:" + std::string(password) + "@127.0.0.1:" + std::to_string(server_.port());
  }
  // Runs a command that prints its environment, and the arguments and the environment of
  // exclusive-lock; with --verbose.
  [[nodiscard]] Ended reveal(const Arguments& options, const Variables& variables = {}) const {
    Arguments arguments{"run", "job", "--verbose"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(
        arguments.end(),
        {"--", "sh", "-c",
         "printenv; tr '\\0' '\\n' < /proc/$PPID/cmdline; tr '\\0' '\\n' < /proc/$PPID/environ"});
    return command(arguments, variables);
  }
  static void expect_kept(const Ended& ended) {
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("EXCLUSIVE_LOCK_FENCE="));
    EXPECT_THAT(ended.out, Not(HasSubstr(password)));
    EXPECT_THAT(ended.err, Not(HasSubstr(password)));
  }

  live::Server server_{{.arguments = {"--requirepass", password}}};
};

TEST_F(Passwords, InTheUrlOnTheCommandLine) {
  expect_kept(reveal({"--store", url_with_password()}));
  expect_kept(reveal({"--store=" + url_with_password()}));
}

TEST_F(Passwords, InTheUrlInTheEnvironment) {
  const Ended ended = reveal({}, {{"EXCLUSIVE_LOCK_STORE", url_with_password()}});
  expect_kept(ended);
  EXPECT_THAT(ended.out, HasSubstr("EXCLUSIVE_LOCK_STORE=redis://127.0.0.1:"));
}

TEST_F(Passwords, InTheCredentialsVariable) {
  const Ended ended = reveal({}, {{"EXCLUSIVE_LOCK_CREDENTIALS", password}});
  expect_kept(ended);
  EXPECT_THAT(ended.out.substr(0, ended.out.find("exclusive-lock\n")),
              Not(HasSubstr("EXCLUSIVE_LOCK_CREDENTIALS")));
  expect_kept(reveal({}, {{"EXCLUSIVE_LOCK_CREDENTIALS", "default:" + std::string(password)}}));
}

TEST_F(Passwords, InAFile) {
  std::ofstream(path("credentials")) << password << "\n";
  std::filesystem::permissions(path("credentials"), std::filesystem::perms::owner_read);
  expect_kept(reveal({"--credentials-file", path("credentials")}));
  // An option takes precedence over a variable.
  expect_kept(reveal({"--credentials-file", path("credentials")},
                     {{"EXCLUSIVE_LOCK_CREDENTIALS", "wrong"}}));
}

// The pipe is read once, however many attempts to connect are made.
TEST_F(Passwords, InAPipeForAStoreThatStartsLater) {
  server_.kill();
  Invocation all = invocation({"-c",
                               "\"$0\" run job --connect-timeout 100ms --credentials-file "
                               "<(echo \"$1\") -- echo ran",
                               EXCLUSIVE_LOCK_COMMAND, password});
  all.program = "/bin/bash";
  Process process(std::move(all));
  process.wait_for_err("waiting for the store of job");
  server_.restart(live::ServerData::lost);
  const Ended ended = process.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "ran\n");
}

TEST_F(Passwords, ReachAChildByThePathOfTheirFileOnly) {
  std::ofstream(path("credentials")) << password << "\n";
  std::filesystem::permissions(path("credentials"), std::filesystem::perms::owner_read);
  const Ended found =
      command({"run", "job", "--credentials-file", path("credentials"), "--store", server_.url(),
               "--", "sh", "-c", "\"$0\" inspect job; printenv", EXCLUSIVE_LOCK_COMMAND});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("job is held"));
  EXPECT_THAT(found.out, HasSubstr("EXCLUSIVE_LOCK_CREDENTIALS_FILE=" + path("credentials")));
  EXPECT_THAT(found.out, Not(HasSubstr(password)));
  const std::string relative = std::filesystem::relative(path("credentials"));
  const Ended elsewhere =
      command({"run", "job", "--credentials-file", relative, "--store", server_.url(), "--", "sh",
               "-c", "cd / && \"$0\" inspect job", EXCLUSIVE_LOCK_COMMAND});
  EXPECT_EQ(elsewhere.exit_code, 0) << elsewhere.err;
}

TEST_F(Passwords, OfAnotherStoreAreIgnored) {
  EXPECT_EQ(command({"list"}, {{"EXCLUSIVE_LOCK_STORE", local_store()},
                               {"EXCLUSIVE_LOCK_CREDENTIALS", password}})
                .exit_code,
            0);
}

TEST_F(Passwords, SurviveAReconnect) {
  const auto process = start(under_lock("job", {"--ttl", "20s", "--refresh", "100ms"},
                                        "echo ready; until [ -e $FOLDER/go ]; do sleep 0.02; done"),
                             {{"EXCLUSIVE_LOCK_CREDENTIALS", password}});
  process->wait_for_out("ready");
  auto client = server_.client();
  client.must({"AUTH", password});
  client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  const auto is_refreshed = [&] { return client.integer({"PTTL", "exclusive-lock:job"}) > 19'900; };
  const auto before = client.integer({"PTTL", "exclusive-lock:job"});
  wait_until(
      [&] {
        return client.integer({"PTTL", "exclusive-lock:job"}) < 19'850 || before < 19'850 ||
               is_refreshed();
      },
      "some time");
  wait_until(is_refreshed, "a refresh over a new connection");
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(process->wait().exit_code, 0);
}

TEST_F(Passwords, WrongPasswordsAreNotRepeatedInErrors) {
  const std::string wrong = "close-sesame";
  for (const Ended& ended :
       {command({"list"}, {{"EXCLUSIVE_LOCK_CREDENTIALS", wrong}}),
        command({"--store", "redis://:" + wrong + "@127.0.0.1:" + std::to_string(server_.port()),
                 "list"}),
        command({"--store", "redis://:" + wrong + "@127.0.0.1:port", "list"}),
        command({"--store", "redis://:" + wrong + "@/x:", "list"}),
        command({"lsit", "--store=redis://:" + wrong + "@host"}),
        command({"--sotre=redis://:" + wrong + "@host", "list"})}) {
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_NE(ended.err, "");
    EXPECT_THAT(ended.err + ended.out, Not(HasSubstr(wrong)));
  }
}

TEST_F(Passwords, MissingPasswordIsReported) {
  const Ended ended = command({"list"});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, HasSubstr("password"));
}

TEST_F(Passwords, WrongPasswordErrorNamesEveryPlaceItCanComeFrom) {
  const Ended ended =
      reveal({"--store", "redis://:guess@127.0.0.1:" + std::to_string(server_.port())});
  EXPECT_EQ(ended.exit_code, 69);
  EXPECT_THAT(ended.err, Not(HasSubstr("guess")));
  for (const char* const place : {"EXCLUSIVE_LOCK_CREDENTIALS", "--credentials-file", "URL"}) {
    EXPECT_THAT(ended.err, HasSubstr(place));
  }
}

}  // namespace
}  // namespace exclusive_lock::cli_test
