// scripts/demo: the first thing that a new user sees.

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "cli/command_fixture.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Demo : public CommandTest {
 protected:
  [[nodiscard]] Ended demo() const {
    std::filesystem::create_directory(path("tmp"));
    Invocation all =
        invocation({std::string(EXCLUSIVE_LOCK_SOURCE) + "/scripts/demo", EXCLUSIVE_LOCK_COMMAND},
                   {{"TMPDIR", path("tmp")}});
    all.program = "/bin/bash";
    return run(std::move(all));
  }
};

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex); match != std::sregex_iterator();
       ++match) {
    found.push_back(match->str(1));
  }
  return found;
}

TEST_F(Demo, ShowsContentionAndCleansUp) {
  const Ended ended = demo();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.err, IsEmpty());
  const auto fences = all_matches(ended.out, "worker-[0-9]+ holds it, fence ([0-9]+)");
  EXPECT_GE(fences.size(), 3U) << ended.out;
  EXPECT_TRUE(std::is_sorted(fences.begin(), fences.end())) << "all have the same number of digits";
  EXPECT_EQ(std::set<std::string>(fences.begin(), fences.end()).size(), fences.size());
  EXPECT_EQ(all_matches(
                ended.out,
                "is held by .*, process ([0-9]+), [a-z]+ \\(worker-[0-9]+\\), for .*; not waiting")
                .size(),
            2U);
  EXPECT_EQ(all_matches(ended.out, "ends with exit code (75)\n").size(), 2U);
  EXPECT_EQ(all_matches(ended.out, "ends with exit code (0)\n").size(), fences.size());
  const std::size_t killed = ended.out.find("kill -9 ");
  ASSERT_NE(killed, std::string::npos);
  EXPECT_NE(ended.out.find("holds it", killed), std::string::npos) << "the next worker follows";
  EXPECT_TRUE(std::filesystem::is_empty(path("tmp")));
}

TEST_F(Demo, CommandsToTryNextWorkWhenTyped) {
  // As in a clone in which quickstart has built the command.
  std::filesystem::create_directories(path("clone/build/release"));
  std::filesystem::create_symlink(EXCLUSIVE_LOCK_COMMAND,
                                  path("clone/build/release/exclusive-lock"));
  const std::string out = demo().out;
  ASSERT_THAT(out, HasSubstr("Try next:"));
  std::istringstream lines(out.substr(out.find("Try next:")));
  std::vector<std::unique_ptr<Process>> tried;
  for (std::string typed; std::getline(lines, typed);) {
    if (typed.rfind("  ", 0) != 0) {
      continue;
    }
    const std::string sooner = std::regex_replace(typed, std::regex("sleep [0-9]+"), "sleep 1");
    Invocation all = invocation({"-c", "cd \"$FOLDER/clone\"; " + sooner});
    all.program = "/bin/bash";
    tried.push_back(std::make_unique<Process>(std::move(all)));
  }
  ASSERT_EQ(tried.size(), 3U);
  for (const auto& process : tried) {
    const Ended ended = process->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_NE(ended.out + ended.err, "");
  }
}

}  // namespace
}  // namespace exclusive_lock::cli_test
