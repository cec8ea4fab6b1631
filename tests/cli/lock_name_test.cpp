// --key and --original-key: locks with a given key.

#include <gmock/gmock.h>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;

class Keys : public CommandTest {
 protected:
  void SetUp() override { store_ = server_.url(); }
  [[nodiscard]] std::string owner_of(const Arguments& acquire) const {
    const Ended ended = command(acquire);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out.substr(0, ended.out.find(' '));
  }

  live::Server server_;
};

TEST_F(Keys, GivenKeyIsUsedUnchangedByEverySubcommand) {
  const std::string key = "app:{job}:lock";
  const std::string owner = owner_of({"acquire", "--key", key});
  EXPECT_EQ(server_.client().integer({"EXISTS", key}), 1);
  EXPECT_EQ(command({"inspect", "--key", key}).exit_code, 0);
  EXPECT_EQ(command({"acquire", "--key", "app:{other}"}).exit_code, 0);
  EXPECT_THAT(command({"list", "--key", key}).out,
              ::testing::AllOf(HasSubstr(key), HasSubstr("1 lock in ")));
  EXPECT_THAT(command({"list", "--key", key, "--json"}).out, HasSubstr("\"key\":\"" + key + "\""));
  EXPECT_EQ(command({"list", "--key", "app:{none}", "--json"}).out, "[]\n");
  EXPECT_EQ(command({"run", "--key", key, "-n", "--", "true"}).exit_code, 75);
  EXPECT_EQ(command({"refresh", "--key", key, "--owner", owner, "--ttl", "1m"}).exit_code, 0);
  EXPECT_EQ(command({"release", "--key", key, "--owner", owner}).exit_code, 0);
  EXPECT_EQ(command({"inspect", "--key", key}).exit_code, 1);
  const Ended ended = command({"run", "--key", key, "--", "sh", "-c",
                               "printenv EXCLUSIVE_LOCK_KEY; \"$0\" inspect --key "
                               "\"$EXCLUSIVE_LOCK_KEY\" --json",
                               EXCLUSIVE_LOCK_COMMAND});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr(key + "\n{\"name\":\"" + key + "\""));
  EXPECT_EQ(command({"release", "--key", key, "--force", "--yes"}).exit_code, 0);
}

TEST_F(Keys, InvalidKeyIsRefused) {
  for (const std::string key : {"", "a}b", "{job}", "{job}:fence"}) {
    for (const char* subcommand : {"inspect", "list"}) {
      const Ended ended = command({subcommand, "--key", key});
      EXPECT_EQ(ended.exit_code, 64) << key;
      EXPECT_THAT(ended.err, HasSubstr("--key "));
    }
  }
  EXPECT_THAT(command({"list", "job*", "--key", "k"}).err, HasSubstr("--key replaces PATTERN"));
  EXPECT_EQ(command({"inspect", "--key", std::string(2048, 'k')}).exit_code, 1);
}

// logdna/exclusive-lock-node sends: SET key value PX ttl NX.
TEST_F(Keys, OriginalKeyIsSharedWithTheOriginalPackage) {
  for (const auto& [prefix, key] :
       {std::pair(Arguments{}, std::string("exclusive-lock:nightly-report")),
        std::pair(Arguments{"--key-prefix", "lock-manager"},
                  std::string("lock-manager:nightly-report"))}) {
    const auto with = [&options = prefix](Arguments arguments) {
      arguments.insert(arguments.begin() + 1, {"nightly report", "--original-key"});
      arguments.insert(arguments.begin() + 1, options.begin(), options.end());
      return arguments;
    };
    auto node = server_.client();
    ASSERT_EQ(node.command({"SET", key, "1", "PX", "60000", "NX"}).text, "OK");
    EXPECT_EQ(command(with({"run", "-n", "--", "true"})).exit_code, 75);
    EXPECT_THAT(command(with({"inspect"})).out, HasSubstr("by        another program"));
    node.must({"DEL", key});
    const Ended ended = command(with({"run", "--", "printenv", "EXCLUSIVE_LOCK_KEY"}));
    EXPECT_EQ(ended.out, key + "\n");
    const std::string owner = owner_of(with({"acquire"}));
    EXPECT_NE(node.command({"SET", key, "1", "PX", "60000", "NX"}).text, "OK");
    EXPECT_EQ(command(with({"refresh", "--owner", owner})).exit_code, 0);
    EXPECT_EQ(command(with({"release", "--owner", owner})).exit_code, 0);
    EXPECT_EQ(node.command({"SET", key, "1", "PX", "60000", "NX"}).text, "OK");
    EXPECT_EQ(command(with({"release", "--force", "--yes"})).exit_code, 0);
  }
}

// Its side keys have the same prefix as those of every other lock (docs/cli.md).
TEST_F(Keys, OriginalKeyNeedsTheSameRightsAsName) {
  server_.client().must({"ACL", "SETUSER", "shell", "on", ">open-sesame", "+@all", "resetkeys",
                         "~exclusive-lock:*", "~{exclusive-lock:*", "&exclusive-lock:*"});
  const Ended ended = command({"run", "nightly report", "--original-key", "--", "echo", "ran"},
                              {{"EXCLUSIVE_LOCK_CREDENTIALS", "shell:open-sesame"}});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "ran\n");
}

}  // namespace
}  // namespace exclusive_lock::cli_test
