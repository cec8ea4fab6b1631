// acquire, refresh, release, inspect and list: for scripts, where one process continues the work of
// another.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <sstream>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class Scripts : public CommandTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      server_.emplace();
      store_ = server_->url();
    }
  }
  std::string acquire(const std::string& name, Arguments options = {}) const {
    Arguments arguments{"acquire", name};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = command(std::move(arguments));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out.substr(0, ended.out.find(' '));
  }

  std::optional<live::Server> server_;
};

INSTANTIATE_TEST_SUITE_P(On, Scripts, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Redis" : "Local"; });

TEST_P(Scripts, AcquirePrintsOwnerAndFenceAndLeavesTheLockHeld) {
  const Ended ended = command({"acquire", "job"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.out, MatchesRegex("[0-9a-f]+-[0-9a-f]+ [0-9]+\n"));
  EXPECT_THAT(ended.err, IsEmpty());
  const Ended held = command({"inspect", "job"});
  EXPECT_EQ(held.exit_code, 0);
  EXPECT_THAT(held.out, HasSubstr(ended.out.substr(0, ended.out.find(' '))));
  EXPECT_THAT(held.out, HasSubstr("ttl       30 s"));
  EXPECT_EQ(command({"acquire", "job", "--no-wait"}).exit_code, 75);
  EXPECT_EQ(command({"acquire", "job", "--wait", "50ms"}).exit_code, 124);
  EXPECT_EQ(command({"acquire", "job", "-n", "-E", "3"}).exit_code, 3);
}

TEST_P(Scripts, AcquireCanPrintJson) {
  const Ended ended = command({"acquire", "job", "--json", "--ttl", "5s"});
  EXPECT_THAT(
      ended.out,
      MatchesRegex(
          R"(\{"name":"job","key":"exclusive-lock:job","owner":"[0-9a-f-]+","fence":[0-9]+,"ttl_ms":5000\}
)"));
}

TEST_P(Scripts, AcquiredLockExpiresAfterItsTtl) {
  acquire("job", {"--ttl", "300ms"});
  EXPECT_EQ(command({"acquire", "job", "--wait", "60s"}).exit_code, 0);
}

TEST_P(Scripts, OwnerReleases) {
  const std::string owner = acquire("job");
  EXPECT_EQ(command({"release", "job", "--owner", owner}).exit_code, 0);
  EXPECT_TRUE(is_free("job"));
  const Ended again = command({"release", "job", "--owner", owner});
  EXPECT_EQ(again.exit_code, 79);
  EXPECT_THAT(again.err, HasSubstr("not held by this owner"));
}

TEST_P(Scripts, OtherOwnersCanNeitherReleaseNorRefresh) {
  const std::string first = acquire("job", {"--ttl", "200ms"});
  const std::string second = acquire("job", {"--ttl", "50s"});
  EXPECT_EQ(command({"release", "job", "--owner", first}).exit_code, 79);
  EXPECT_EQ(command({"refresh", "job", "--owner", first, "--ttl", "900s"}).exit_code, 79);
  const Ended held = command({"inspect", "job"});
  EXPECT_THAT(held.out, HasSubstr(second));
  EXPECT_THAT(held.out, Not(HasSubstr("14 min")));
}

TEST_P(Scripts, RefreshKeepsTheTtlOrSetsAnother) {
  const std::string owner = acquire("job", {"--ttl", "100s"});
  const Ended same = command({"refresh", "job", "--owner", owner});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.err, HasSubstr("held for 1 min 40 s from now"));
  EXPECT_THAT(same.out, IsEmpty());
  const Ended other = command({"refresh", "job", "--owner", owner, "--ttl", "1h", "--json"});
  EXPECT_EQ(other.exit_code, 0);
  EXPECT_THAT(other.out, HasSubstr("\"ttl_ms\":3600000"));
  EXPECT_THAT(command({"inspect", "job"}).out, HasSubstr("59 min"));
}

TEST_P(Scripts, RefreshOfAMissingRecordIsLost) {
  EXPECT_EQ(
      command({"refresh", "job", "--owner", "00112233445566778899aabbccddeeff-0000000000000001"})
          .exit_code,
      79);
}

TEST_P(Scripts, ForceShowsTheHolderAndWhoReleasedIt) {
  const std::string owner = acquire("job", {"--label", "blue"});
  const Ended unasked = command({"release", "job", "--force"});
  EXPECT_EQ(unasked.exit_code, 64) << "no terminal, and no --yes";
  EXPECT_FALSE(is_free("job"));
  const Ended forced = command({"release", "job", "--force", "--yes"});
  EXPECT_EQ(forced.exit_code, 0);
  EXPECT_THAT(forced.err, HasSubstr("job is held"));
  EXPECT_THAT(forced.err, HasSubstr("(blue)"));
  EXPECT_THAT(forced.err, HasSubstr("released by force: job, held by "));
  EXPECT_THAT(forced.err, HasSubstr(owner));
  EXPECT_THAT(forced.err, HasSubstr("done by "));
  EXPECT_TRUE(is_free("job"));
  const Ended nothing = command({"release", "job", "--force", "--yes"});
  EXPECT_EQ(nothing.exit_code, 0);
  EXPECT_THAT(nothing.err, HasSubstr("job is free; nothing to release"));
}

TEST_P(Scripts, InspectOfAFreeLockExitsWith1) {
  const Ended ended = command({"inspect", "job"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, MatchesRegex("job is free in (local|redis)://.*\n"));
  EXPECT_THAT(command({"inspect", "job", "--json"}).out,
              HasSubstr("{\"name\":\"job\",\"held\":false,\"last_done\":null,\"store\":\"" +
                        (GetParam() ? server_->url() : local_store()) + "\"}\n"));
}

TEST_P(Scripts, ListShowsMatchingLocks) {
  EXPECT_THAT(command({"list"}).err, HasSubstr("no locks are held"));
  EXPECT_EQ(command({"list", "--json"}).out, "[]\n");
  for (const char* name : {"job-a", "job-b", "other"}) {
    acquire(name);
  }
  EXPECT_THAT(command({"list"}).out,
              MatchesRegex("NAME +HELD BY .*\njob-a .*\njob-b .*\nother .*\n3 locks in .*://.*\n"));
  EXPECT_THAT(command({"list", "x*"}).err, HasSubstr("no lock that is held matches x* in "));
  EXPECT_THAT(command({"list", "job-*"}).out, Not(HasSubstr("other")));
  const Ended json = command({"list", "*-b", "--json"});
  EXPECT_THAT(json.out, MatchesRegex("\\[\n\\{\"name\":\"job-b\",.*\\}\n\\]\n"));
  EXPECT_EQ(json.exit_code, 0);
}

TEST_P(Scripts, ListSortsAsRequested) {
  for (const char* name : {"job-10", "job-9", "job-2"}) {
    acquire(name, {"--ttl", name == std::string("job-9") ? "10s" : "100s"});
  }
  const auto order = [this](Arguments arguments) {
    arguments.insert(arguments.begin(), "list");
    std::istringstream lines(command(arguments).out);
    std::string names;
    for (std::string line; std::getline(lines, line);) {
      names += line.starts_with("job-") ? line.substr(4, line.find(' ') - 4) + " " : "";
    }
    return names;
  };
  EXPECT_EQ(order({}), "2 9 10 ");
  EXPECT_EQ(order({"--sort", "name"}), "2 9 10 ");
  EXPECT_EQ(order({"--sort", "age"}), "10 9 2 ");
  EXPECT_EQ(order({"--sort", "ttl"}).substr(0, 2), "9 ");
  EXPECT_EQ(order({"--sort", "waiting"}), "2 9 10 ");
  const auto waiter = start({"acquire", "job-9"});
  wait_until([&] { return order({"--sort", "waiting"}) == "9 2 10 "; }, "a waiter");
  waiter->signal(SIGTERM);
  waiter->wait();
  EXPECT_THAT(command({"list", "--sort", "size"}).err,
              HasSubstr("--sort: \"size\" is none of name, age, ttl, waiting"));
}

TEST_P(Scripts, PatternCountsCharactersAndNotBytes) {
  acquire("j\u00f6b");
  EXPECT_THAT(command({"list", "j?b"}).out, HasSubstr("j\u00f6b"));
  EXPECT_THAT(command({"list", "j[\u00e4\u00f6]b"}).out, HasSubstr("j\u00f6b"));
  EXPECT_EQ(command({"list", "j??b"}).out, "");
  acquire("b\xff");
  EXPECT_THAT(command({"list", "b?"}).out, HasSubstr("b\\xff")) << "not UTF-8: by bytes";
}

TEST_P(Scripts, RecordsNameTheHolderAndNoArguments) {
  const std::string command_line = "\"$0\" inspect job --json; exit 0";
  const Ended shy = command({"run", "job", "--", "sh", "-c", command_line, EXCLUSIVE_LOCK_COMMAND});
  EXPECT_THAT(shy.out,
              MatchesRegex(".*\"user\":\"[^\"]+\",\"program\":\"sh\",\"command\":\"\".*\n"));
  const Ended open = command(
      {"run", "job", "--show-command", "--", "sh", "-c", command_line, EXCLUSIVE_LOCK_COMMAND});
  EXPECT_THAT(open.out, HasSubstr("\"command\":\"sh -c '"));
  acquire("other");
  EXPECT_THAT(command({"inspect", "other"}).out,
              MatchesRegex("(.|\n)*by        .+ on .+, process (.|\n)*"));
  const std::string long_argument(5000, 'x');
  EXPECT_EQ(command({"run", "long", "--show-command", "--", "true", long_argument}).exit_code, 0);
}

TEST_P(Scripts, ReleaseCanPrintJson) {
  const std::string owner = acquire("job");
  EXPECT_EQ(command({"release", "job", "--owner", owner, "--json"}).out,
            "{\"name\":\"job\",\"released\":true,\"forced\":false}\n");
  const Ended again = command({"release", "job", "--owner", owner, "--json"});
  EXPECT_EQ(again.exit_code, 79);
  EXPECT_EQ(again.out, "{\"name\":\"job\",\"released\":false,\"forced\":false}\n");
  const std::string next = acquire("job");
  const Ended unasked = command({"release", "job", "--force", "--json"});
  EXPECT_THAT(unasked.out, HasSubstr("\"released\":false,\"forced\":true,\"holder\""));
  const Ended forced = command({"release", "job", "--force", "--yes", "--json"});
  EXPECT_THAT(forced.out,
              HasSubstr("\"released\":true,\"forced\":true,\"holder\":{\"name\":\"job\""));
  EXPECT_THAT(forced.out, HasSubstr(next));
  EXPECT_EQ(command({"release", "job", "--force", "--yes", "--json"}).out,
            "{\"name\":\"job\",\"released\":false,\"forced\":true}\n");
}

TEST_P(Scripts, UnwritableResultExitsWith74AndReleases) {
  const std::string program = EXCLUSIVE_LOCK_COMMAND;
  Invocation all = invocation({"-c", "\"$0\" acquire job > /dev/full", program});
  all.program = "/bin/sh";
  const Ended ended = run(std::move(all));
  EXPECT_EQ(ended.exit_code, 74) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("cannot write the result to stdout"));
  EXPECT_TRUE(is_free("job"));
}

TEST_P(Scripts, RunAndAcquireExcludeEachOther) {
  acquire("job");
  EXPECT_EQ(command({"run", "job", "-n", "--", "true"}).exit_code, 75);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
