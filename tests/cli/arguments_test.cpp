// Mistakes in the arguments: exit code 64, a message that helps, and no effect.

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "cli/command_fixture.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CommandLine : public CommandTest {
 protected:
  void expect_usage_error(const Arguments& arguments, const std::string& message,
                          const Variables& variables = {}) {
    const Ended ended = command(arguments, variables);
    EXPECT_EQ(ended.exit_code, 64) << ::testing::PrintToString(arguments) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(message));
    EXPECT_THAT(ended.out, IsEmpty());
    EXPECT_FALSE(exists(path("store"))) << "the store was not opened";
  }
};

TEST_F(CommandLine, MisspeltWordsGetASuggestion) {
  expect_usage_error({"rnu", "job"}, "unknown command rnu; did you mean run?");
  expect_usage_error({"relase", "job"}, "did you mean release?");
  expect_usage_error({"run", "job", "--wiat", "3s", "--", "true"},
                     "unknown option --wiat; did you mean --wait?");
  expect_usage_error({"run", "job", "--no-wiat=3", "--", "true"},
                     "unknown option --no-wiat; did you mean --no-wait?");
  expect_usage_error({"--sotre", "local:", "list"}, "did you mean --store?");
  expect_usage_error({"list", "--banana"}, "unknown option --banana");
  for (const auto& [word, meant] :
       {std::pair("help", "--help"), std::pair("version", "--version"),
        std::pair("status", "inspect"), std::pair("unlock", "release"), std::pair("ls", "list")}) {
    expect_usage_error({word, "job"},
                       "unknown command " + std::string(word) + "; did you mean " + meant + "?");
  }
}

TEST_F(CommandLine, MissingPartsAreNamed) {
  const std::string subcommands = "run, acquire, refresh, release, inspect or list";
  expect_usage_error({}, subcommands);
  expect_usage_error({"--quiet"}, subcommands);
  expect_usage_error({"-v"}, subcommands);
  expect_usage_error({"--store", "local:"}, subcommands);
  expect_usage_error({"run"}, "NAME is required");
  expect_usage_error({"run", "job"}, "put it after --");
  expect_usage_error({"run", "job", "--"}, "put it after --");
  expect_usage_error({"run", "job", "make"}, "put -- before the command");
  expect_usage_error({"run", "--", "make"}, "NAME is required");
  expect_usage_error({"refresh", "job"}, "--owner is required");
  expect_usage_error({"release", "job"}, "either --owner");
  expect_usage_error({"release", "job", "--yes", "--owner", "x"}, "--yes requires --force");
  expect_usage_error({"release", "job", "--force", "--owner", "x"}, "either --owner");
  expect_usage_error({"inspect"}, "NAME is required");
}

TEST_F(CommandLine, WrongValuesAreNamedWithWhatIsAllowed) {
  expect_usage_error({"run", "job", "--wait", "10", "--", "true"}, "--wait: \"10\" has no unit");
  expect_usage_error({"run", "job", "--wait", "10x", "--", "true"}, "unknown unit \"x\"");
  expect_usage_error({"run", "job", "--wait", "-1s", "--", "true"}, "is negative");
  expect_usage_error({"run", "job", "--ttl=NaN", "--", "true"},
                     "--ttl: \"NaN\" does not begin with a number");
  expect_usage_error({"run", "job", "--max-hold", "9999999999h", "--", "true"}, "is too long");
  expect_usage_error({"run", "job", "--wait", "1s", "--no-wait", "--", "true"},
                     "--wait excludes --no-wait");
  expect_usage_error({"acquire", "job", "--wait", "1s", "--no-wait"}, "--wait excludes --no-wait");
  expect_usage_error({"run", "job", "--ttl", "1s", "--ttl", "2s", "--", "true"},
                     "--ttl is given more than once");
  expect_usage_error({"run", "job", "--ttl"}, "--ttl needs a value: DURATION");
  expect_usage_error({"run", "job", "--no-wait=3", "--", "true"}, "--no-wait takes no value");
  expect_usage_error({"run", "job", "--on-lost", "panic", "--", "true"},
                     "none of kill, signal, ignore");
  expect_usage_error({"run", "job", "-E", "256", "--", "true"},
                     "-E: 256 is not a whole number from 0 to 255");
  expect_usage_error({"run", "job", "--label=", "--", "true"}, "has an empty value");
  expect_usage_error({"run", "job", "--contents", "{", "--", "true"},
                     "--contents is not one JSON value");
  expect_usage_error({"list", "a", "b"}, "unexpected argument b");
}

TEST_F(CommandLine, TextAttachedToAFlagIsRefused) {
  expect_usage_error({"inspect", "-v job"}, "-v: takes no value, but \" job\" follows it directly");
  expect_usage_error({"inspect", "-v-", "job"}, "-v: takes no value, but \"-\" follows");
  expect_usage_error({"run", "-vn=true", "job", "--", "true"},
                     "-n: takes no value, but \"=true\" follows");
  expect_usage_error({"run", "-vz", "job", "--", "true"}, "unknown option -z");
  for (const Arguments& arguments :
       {Arguments{"run", "--label", "-v=1", "-vE", "-v=1", "job", "--", "true"},
        Arguments{"run", "-vE-v=1", "job", "--", "true"}}) {
    expect_usage_error(arguments, "-E: -v=1 is not a whole number");
  }
  EXPECT_THAT(command({"inspect", "--", "-v job"}).out, HasSubstr("-v job is free"));
}

// A memory store would silently exclude no other process.
TEST_F(CommandLine, MemoryStoreIsRefused) {
  for (const Arguments& arguments :
       {Arguments{"run", "job", "--", "true"}, Arguments{"acquire", "job"}, Arguments{"list"},
        Arguments{"inspect", "job"}, Arguments{"release", "job", "--force", "--yes"}}) {
    expect_usage_error(arguments, "keep no other process out",
                       {{"EXCLUSIVE_LOCK_STORE", "MEMORY:"}});
  }
  EXPECT_EQ(command({"--help"}).out.find("memory"), std::string::npos);
  EXPECT_EQ(command({"list", "--store", "rdis://host"}).err.find("memory"), std::string::npos);
}

TEST_F(CommandLine, WrongPartOfAStoreUrlIsNamed) {
  const auto with = [](const std::string& url) { return Arguments{"--store", url, "list"}; };
  expect_usage_error(with("rdis://host"), "store URL");
  expect_usage_error(with("redis://host:99999"), "port");
  expect_usage_error(with(""), "store URL");
  expect_usage_error({"list"}, "EXCLUSIVE_LOCK_STORE is empty", {{"EXCLUSIVE_LOCK_STORE", ""}});
}

// A URL in the wrong place is as secret as in the right one (G11).
TEST_F(CommandLine, PasswordsOfMisplacedUrlsAreNotShown) {
  const std::string url = "redis://user:open-sesame@127.0.0.1:6379/0";
  const std::string long_text(45, 'x');
  for (const Arguments& arguments :
       {Arguments{"inspect", "job", url}, Arguments{url}, Arguments{"--" + url, "list"},
        Arguments{"run", "job", "--ttl", url, "--", "true"},
        Arguments{"run", "job", "--wait", long_text + url, "--", "true"},
        Arguments{"run", "job", "--on-lost", long_text + url, "--", "true"},
        Arguments{"run", "job", "--conflict-exit-code", url, "--", "true"},
        Arguments{"inspect", "job", std::string(220, 'x') + url},
        Arguments{"run", " --store=" + url, "--"}}) {
    const Ended ended = command(arguments, {});
    EXPECT_EQ(ended.exit_code, 64) << ended.err;
    EXPECT_THAT(ended.err, ::testing::Not(HasSubstr("open"))) << ended.err;
  }
  const Ended not_found = command({"run", "job", "--", "--store=" + url}, {});
  EXPECT_EQ(not_found.exit_code, 127) << not_found.err;
  EXPECT_THAT(not_found.err, ::testing::Not(HasSubstr("open"))) << not_found.err;
}

TEST_F(CommandLine, NamesAndPrefixesAreChecked) {
  const auto expect_refused = [this](const Arguments& arguments, const std::string& message) {
    const Ended ended = command(arguments);
    EXPECT_EQ(ended.exit_code, 64) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(message));
  };
  expect_refused({"run", "", "--", "true"}, "NAME is empty");
  expect_refused({"run", std::string(513, 'n'), "--", "true"}, "NAME has 513 bytes");
  expect_refused({"inspect", ""}, "NAME is empty");
  expect_refused({"list", "--key-prefix", "a b"}, "--key-prefix has another character");
  expect_refused({"run", "job", "--label", std::string(257, 'l'), "--", "true"},
                 "--label has 257 bytes");
  expect_refused({"release", "job", "--owner", "me"}, "--owner is not the owner of a lock");
}

TEST_F(CommandLine, ReportsAllMistakesOfOptionsAtOnce) {
  const Ended ended = command({"run", "", "--ttl", "1ms", "--label", std::string(257, 'l'),
                               "--barging", "1000001", "--", "true"});
  EXPECT_EQ(ended.exit_code, 64);
  EXPECT_THAT(ended.err, HasSubstr("NAME is empty"));
  EXPECT_THAT(ended.err, HasSubstr("--ttl is 1 ms; allowed: 100 ms to 7 days"));
  EXPECT_THAT(ended.err, HasSubstr("--label has 257 bytes"));
  EXPECT_THAT(ended.err, HasSubstr("--barging: 1000001 is not a whole number from 0 to 1000000"));
}

TEST_F(CommandLine, ReportsAllMistakesAtOnceWhicheverCheckFindsThem) {
  const Ended ended = command({"run",
                               "job",
                               "--wait",
                               "5",
                               "--wiat",
                               "3s",
                               "--store",
                               "redis://h:0x",
                               "-E",
                               "900",
                               "--label",
                               std::string(257, 'l'),
                               "--contents",
                               "{",
                               "--ttl",
                               "1ms",
                               "--connect-timeout",
                               "1ms",
                               "-q",
                               "-v",
                               "--on-lost",
                               "panic",
                               "--key",
                               "k",
                               "--no-wait",
                               "--max-hold"});
  EXPECT_EQ(ended.exit_code, 64);
  for (const char* mistake :
       {"--wait: \"5\" has no unit", "unknown option --wiat", "store URL: port", "-E: 900 is not",
        "--label has 257 bytes", "--contents is not one JSON value", "--ttl is 1 ms",
        "--connect-timeout is 1 ms", "--quiet excludes --verbose", "\"panic\" is none of",
        "--key replaces NAME", "--max-hold needs a value", "COMMAND is missing"}) {
    EXPECT_THAT(ended.err, HasSubstr(mistake));
  }
}

// A mistake that follows from another mistake is not reported.
TEST_F(CommandLine, NoDerivedMistakeIsReported) {
  const auto lines = [this](const Arguments& arguments) {
    const std::string err = command(arguments).err;
    return std::count(err.begin(), err.end(), '\n') - 1;  // without "see ... --help"
  };
  EXPECT_EQ(lines({"run", "job", "--ttl", "30d", "--", "true"}), 1);
  EXPECT_EQ(lines({"run", "job", "--ttl", "1ms", "--", "true"}), 1);
  EXPECT_EQ(lines({"run", "job", "--ttl", "200ms", "--", "true"}), 1);
  EXPECT_EQ(lines({"run", "job", "--ttl", "8d", "--grace", "20s", "--", "true"}), 1);
  EXPECT_EQ(lines({"acquire", "job", "--ttl", "8d"}), 1);
  EXPECT_EQ(lines({"run", "job", "--once-per", "5", "--tolerance", "1m", "--", "true"}), 1);
  EXPECT_EQ(lines({"release", "job", "--owner"}), 1);
  EXPECT_EQ(lines({"run", "job", "--wiat", "3s", "--", "true"}), 1);
  EXPECT_EQ(lines({"inspect", "job", "--banana", "apple"}), 1) << "apple may be the option's value";
  EXPECT_EQ(lines({"run", "--", "true"}), 1);
  EXPECT_EQ(lines({"run"}), 2) << "neither NAME nor COMMAND";
  EXPECT_EQ(lines({"rnu", "--wait", "3s"}), 1);
  EXPECT_EQ(lines({}), 1);
  EXPECT_EQ(lines({"inspect"}), 1);
  EXPECT_EQ(lines({"refresh", "job"}), 1);
}

TEST(Arguments, BargingIsACount) {
  for (const std::string count : {"x", "-1", "1.5", ""}) {
    const Ended ended = run({"run", "job", "--store", "memory:", "--barging", count, "--", "true"});
    EXPECT_EQ(ended.exit_code, 64);
    EXPECT_THAT(ended.err, HasSubstr("--barging: " + count + " is not a whole number from 0"));
  }
}

TEST_F(CommandLine, MisspeltVariablesAreRefused) {
  expect_usage_error({"list"}, "did you mean EXCLUSIVE_LOCK_STORE?",
                     {{"EXCLUSIVE_LOCK_STOER", "local:"}});
  EXPECT_EQ(command({"list"}, {{"EXCLUSIVE_LOCK_SERVICE_HOST", "10.0.0.1"}}).exit_code, 0);
}

TEST_F(CommandLine, HelpAndVersionGoToStdout) {
  const Ended version = command({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("exclusive-lock [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  for (const char* subcommand : {"run", "acquire", "refresh", "release", "inspect", "list"}) {
    const Ended help = command({subcommand, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr(std::string("Usage: exclusive-lock ") + subcommand));
    EXPECT_THAT(help.err, IsEmpty());
  }
  EXPECT_THAT(command({"--help"}).out, HasSubstr("acquire"));
}

// At most 80 columns, with all that the subcommand accepts.
TEST_F(CommandLine, HelpIsCompleteAndAtMost80ColumnsWide) {
  for (const char* subcommand : {"", "run", "acquire", "refresh", "release", "inspect", "list"}) {
    Arguments arguments{"--help"};
    if (*subcommand != '\0') {
      arguments.insert(arguments.begin(), subcommand);
    }
    const std::string help = command(arguments).out;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
    for (const char* part : {"Usage: exclusive-lock", "--store URL", "--quiet", "Example:\n  ",
                             "Exit codes:\n  0 ", "EXCLUSIVE_LOCK_STORE", "NO_COLOR"}) {
      EXPECT_THAT(help, HasSubstr(part)) << subcommand;
    }
  }
  const std::string run = command({"run", "-h"}).out;
  EXPECT_THAT(run, HasSubstr("EXCLUSIVE_LOCK_FENCE"));
  EXPECT_THAT(run, HasSubstr("127     run: the command was not found\n"));
  EXPECT_THAT(command({"list", "--help"}).out,
              ::testing::Not(HasSubstr("the command was not found")));
  EXPECT_EQ(command({"run", "--help", "--banana"}).exit_code, 0) << "--help comes first";
}

TEST_F(CommandLine, LockMayHaveTheNameOfASubcommand) {
  EXPECT_EQ(command({"inspect", "list"}).exit_code, 1);
  EXPECT_EQ(command({"run", "run", "--", "true"}).exit_code, 0);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
