// Every input in fuzz/corpus, among them those that once showed a mistake, and what becomes of them
// when they are cut short: the properties of the fuzz targets hold. A property that does not
// aborts, and says which.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<std::uint8_t> bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> inputs_of(std::string_view target) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(FUZZ_CORPUS) / target)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

class Fuzz : public ::testing::TestWithParam<Target> {};

TEST_P(Fuzz, CorpusKeepsTheProperties) {
  const auto files = inputs_of(GetParam().name);
  ASSERT_GE(files.size(), 2U) << "a corpus is a few inputs";
  for (const fs::path& file : files) {
    SCOPED_TRACE(file);
    const std::vector<std::uint8_t> input = bytes_of(file);
    GetParam().check(input);
  }
}

TEST_P(Fuzz, InputsThatAreCutShortKeepTheProperties) {
  for (const fs::path& file : inputs_of(GetParam().name)) {
    const std::vector<std::uint8_t> input = bytes_of(file);
    for (const std::size_t parts : {0U, 1U, 2U, 3U}) {
      GetParam().check(Bytes(input).first(input.size() * parts / 4));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Target, Fuzz, ::testing::ValuesIn(targets),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FuzzCorpus, HasNothingThatNoTargetReads) {
  for (const auto& entry : fs::directory_iterator(FUZZ_CORPUS)) {
    EXPECT_TRUE(std::ranges::any_of(targets, [&](const Target& target) {
      return target.name == entry.path().filename().native();
    })) << entry.path();
  }
}

}  // namespace
}  // namespace exclusive_lock::fuzz
