// scripts/demo: what a newcomer sees first.

#include <gmock/gmock.h>

#include <regex>
#include <sstream>

#include "cli/command_fixture.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Demo : public CommandTest {
 protected:
  [[nodiscard]] Ended demo(const std::string& command_path) const {
    std::filesystem::create_directory(path("tmp"));
    Invocation all =
        invocation({std::string(EXCLUSIVE_LOCK_SOURCE) + "/scripts/demo", command_path},
                   {{"TMPDIR", path("tmp")}});
    all.program = "/bin/bash";
    return run(std::move(all));
  }
  static int count(const std::string& text, const std::string& pattern) {
    const std::regex regex(pattern);
    return static_cast<int>(std::distance(std::sregex_iterator(text.begin(), text.end(), regex),
                                          std::sregex_iterator()));
  }
};

TEST_F(Demo, ShowsTheMainJobAndCleansUp) {
  const auto begin = std::chrono::steady_clock::now();
  const Ended ended = demo(EXCLUSIVE_LOCK_COMMAND);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.err, IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_EQ(count(ended.out, "worker-[1-4]  has the lock after"), 1) << ended.out;
  EXPECT_EQ(
      count(ended.out,
            "report is held by .*, process [0-9]+ \\(worker-[1-4]\\), for .*; not waiting for it"),
      3);
  EXPECT_EQ(count(ended.out, "\\(exit code 75\\)"), 3);
  EXPECT_EQ(count(ended.out, "worker-5  has the lock after"), 1);
  EXPECT_EQ(count(ended.out, "worker-5  \\(exit code 137\\)"), 1);
  EXPECT_EQ(count(ended.out, "worker-6  has the lock after"), 1);
  EXPECT_EQ(count(ended.out, "fences grew: [0-9]+ < [0-9]+ < [0-9]+"), 1);
  EXPECT_TRUE(std::filesystem::is_empty(path("tmp")));
}

TEST_F(Demo, CommandsToTryNextWork) {
  const std::string out = demo(EXCLUSIVE_LOCK_COMMAND).out;
  std::istringstream lines(out.substr(out.find("Try next")));
  std::vector<std::unique_ptr<Process>> tried;
  for (std::string typed; std::getline(lines, typed);) {
    if (typed.rfind("  ", 0) != 0) {
      continue;
    }
    typed = std::regex_replace(typed, std::regex("sleep [0-9]+"), "sleep 1");
    Invocation all = invocation({"-c", typed});
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

TEST_F(Demo, WithoutACommandItSaysWhatToDo) {
  const Ended ended = demo(path("none"));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("build it first"));
}

}  // namespace
}  // namespace exclusive_lock::cli_test
