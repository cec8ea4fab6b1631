// docs/cli.md matches the command: its exit codes, its options, its examples. The examples of
// docs/guide.md work too, and README.md shows the example that is compiled.

#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "cli/command_fixture.hpp"
#include "cli/exit_codes.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string page() { return file_text(std::string(EXCLUSIVE_LOCK_SOURCE) + "/docs/cli.md"); }
std::string guide() { return file_text(std::string(EXCLUSIVE_LOCK_SOURCE) + "/docs/guide.md"); }

// The text from a heading to the next one.
std::string section(const std::string& heading) {
  const std::string text = page();
  const std::size_t begin = text.find("\n## " + heading + "\n");
  if (begin == std::string::npos) {
    throw std::runtime_error("docs/cli.md has no section " + heading);
  }
  return text.substr(begin + 1, text.find("\n## ", begin + 1) - begin);
}

std::set<std::string> options_in(const std::string& text) {
  const std::regex option("--[a-z][a-z-]+");
  return {std::sregex_token_iterator(text.begin(), text.end(), option),
          std::sregex_token_iterator()};
}

class Documentation : public CommandTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(path("bin"));
    for (const char* name : {"report", "backup", "step-one", "step-two"}) {
      const std::string program = path("bin") + "/" + name;
      std::ofstream(program) << "#!/bin/sh\necho \"" << name << " ran\"\n";
      std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    }
    std::filesystem::create_symlink(EXCLUSIVE_LOCK_COMMAND, path("bin/exclusive-lock"));
  }
  [[nodiscard]] Ended shell(const std::string& script) const {
    const char* const search = std::getenv("PATH");
    Invocation all =
        invocation({"-euo", "pipefail", "-c", script},
                   {{"PATH", path("bin") + ":" + (search != nullptr ? search : "/usr/bin:/bin")}});
    all.program = "/bin/bash";
    return run(std::move(all));
  }
};

TEST_F(Documentation, ExitCodesAreThoseOfTheHeader) {
  std::ostringstream table;
  table << "| code | meaning |\n|---|---|\n";
  for (const auto& [code, spelled, meaning] : cli::exit_code_meanings) {
    table << "| " << spelled << " | " << meaning << " |\n";
    if (code != cli::ExitCode::signalled) {
      EXPECT_EQ(spelled, std::to_string(cli::to_int(code)));
    }
  }
  EXPECT_THAT(section("Exit codes"), ::testing::HasSubstr(table.str()));
}

TEST_F(Documentation, ExitCodesDoNotCollide) {
  std::set<int> seen;
  for (const auto& one : cli::exit_code_meanings) {
    EXPECT_TRUE(seen.insert(cli::to_int(one.code)).second);
    EXPECT_LE(cli::to_int(one.code), 128) << "128+n is for signals";
  }
}

TEST_F(Documentation, NamesEveryOptionAndNoOther) {
  std::string help = command({"--help"}).out;
  for (const char* subcommand : {"run", "acquire", "refresh", "release", "inspect", "list"}) {
    help += command({subcommand, "--help"}).out;
  }
  std::set<std::string> documented = options_in(page());
  documented.erase("--odd-name");  // a lock's name
  EXPECT_EQ(documented, options_in(help));
}

TEST_F(Documentation, SectionsNameTheOptionsOfTheirSubcommands) {
  std::set<std::string> shared = options_in(section("Options of every subcommand"));
  std::set<std::string> for_run = options_in(section("run"));
  for (const std::string& option : options_in(command({"run", "--help"}).out)) {
    EXPECT_TRUE(for_run.count(option) + shared.count(option) > 0) << option;
  }
  std::set<std::string> for_scripts = options_in(section("acquire, refresh, release"));
  for (const char* subcommand : {"acquire", "refresh", "release"}) {
    for (const std::string& option : options_in(command({subcommand, "--help"}).out)) {
      EXPECT_TRUE(for_scripts.count(option) + shared.count(option) + for_run.count(option) > 0)
          << option;
    }
  }
  const std::string help = command({"--help"}).out;
  for (const std::string& option : options_in(help.substr(0, help.find("\nExample:")))) {
    EXPECT_THAT(shared, Contains(option));
  }
}

TEST_F(Documentation, EveryExampleWorks) {
  const std::string text = page() + guide();
  const std::string begin_mark = "\n```sh\n";
  int examples = 0;
  for (std::size_t begin = text.find(begin_mark); begin != std::string::npos;
       begin = text.find(begin_mark, begin)) {
    begin += begin_mark.size();
    const std::string script = text.substr(begin, text.find("\n```", begin) - begin);
    const Ended ended = shell(script);
    EXPECT_EQ(ended.exit_code, 0) << script << "\n" << ended.err;
    EXPECT_THAT(command({"list", "--json"}).out, Not(HasSubstr(R"("held":true)")))
        << "held after: " << script;
    ++examples;
  }
  EXPECT_GE(examples, 8);
}

// People copy the examples into scripts without `set -e`. If the store is away, an example must not
// do its work without the lock.
TEST_F(Documentation, NoExampleWorksUnprotected) {
  std::string text =
      file_text(std::string(EXCLUSIVE_LOCK_SOURCE) + "/README.md") + page() + guide();
  const std::string built = "build/release/exclusive-lock";
  for (auto at = text.find(built); at != std::string::npos; at = text.find(built, at)) {
    text.replace(at, built.size(), "exclusive-lock");
  }
  const std::string begin_mark = "\n```sh\n";
  for (std::size_t begin = text.find(begin_mark); begin != std::string::npos;
       begin = text.find(begin_mark, begin)) {
    begin += begin_mark.size();
    const std::string script = text.substr(begin, text.find("\n```", begin) - begin);
    if (script.find("./quickstart") != std::string::npos) {
      continue;
    }
    const Ended ended = shell("set +eu +o pipefail\nEXCLUSIVE_LOCK_STORE=redis://:0\n" + script);
    EXPECT_THAT(ended.out, ::testing::Not(::testing::HasSubstr(" ran"))) << script;
    EXPECT_THAT(ended.out, ::testing::Not(::testing::HasSubstr("fence "))) << script;
  }
}

TEST_F(Documentation, ExampleOfAScriptStopsWhereTheLockIsLost) {
  const std::string text = section("acquire, refresh, release");
  const std::size_t begin = text.find("```sh\n") + 6;
  std::string script = text.substr(begin, text.find("```", begin) - begin);
  const std::string step = "step-one \"$fence\"";
  ASSERT_NE(script.find(step), std::string::npos);
  script.replace(script.find(step), step.size(),
                 step + "; exclusive-lock release nightly --force --yes");
  const Ended ended = shell("set +eu\n" + script);
  EXPECT_EQ(ended.exit_code, 79) << ended.err;
  EXPECT_EQ(ended.out, "step-one ran\n");
}

TEST_F(Documentation, ReadmeShowsTheExampleThatIsCompiled) {
  const std::string root = EXCLUSIVE_LOCK_SOURCE;
  EXPECT_THAT(file_text(root + "/README.md"),
              ::testing::HasSubstr("```cpp\n" + file_text(root + "/examples/original_usage.cpp") +
                                   "```\n"));
}

// G12. The crontab line in README.md and docs/cli.md.
class CronRecipe : public Documentation {
 protected:
  void fail(bool does) const {
    std::ofstream(path("bin/report"))
        << (does ? "#!/bin/sh\necho broken >&2\nexit 3\n" : "#!/bin/sh\necho report ran\n");
  }
  const std::string recipe =
      "exclusive-lock run nightly --once-per 24h --wait 1h --quiet -- report\n";
};

TEST_F(CronRecipe, IsTheSameInBothDocuments) {
  EXPECT_THAT(page(), HasSubstr("```sh\n" + recipe));
  EXPECT_THAT(file_text(std::string(EXCLUSIVE_LOCK_SOURCE) + "/README.md"),
              HasSubstr("```sh\n" + recipe));
}

TEST_F(CronRecipe, RunsOnceAndIsQuietOnTheOtherHosts) {
  EXPECT_EQ(shell(recipe).out, "report ran\n");
  const Ended second = shell(recipe);
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(second.out + second.err, "");
}

TEST_F(CronRecipe, ShowsTheErrorsOfTheJobAndAnotherHostRunsIt) {
  fail(true);
  const Ended failed = shell(recipe);
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(failed.err, "broken\n");
  fail(false);
  EXPECT_EQ(shell(recipe).out, "report ran\n");
}

}  // namespace
}  // namespace exclusive_lock::cli_test
