// What docs/fencing.md shows is what is compiled and tested.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace exclusive_lock {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream stream(std::filesystem::path(EXCLUSIVE_LOCK_SOURCE_DIR) / path);
  if (!stream) {
    throw std::runtime_error("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Block {
  std::string language;
  std::string text;
};

std::vector<Block> code_blocks(const std::string& document) {
  std::vector<Block> blocks;
  std::istringstream lines(document);
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      is_inside = !is_inside;
      if (is_inside) {
        blocks.push_back({line.substr(3), ""});
      }
    } else if (is_inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

TEST(Docs, FencingShowsWhatIsTested) {
  std::string sources;
  for (const std::string path : {"examples/fence_gate.cpp", "tests/live/fence_guard_test.cpp",
                                 "tests/unit/fencing/fence_guard_sql_test.cpp",
                                 "src/fencing/guarded_set.lua", "src/fencing/guarded_update.sql"}) {
    sources += text_of_file(path) + "\n";
  }
  std::size_t checked = 0;
  for (const auto& block : code_blocks(text_of_file("docs/fencing.md"))) {
    if (!block.language.empty()) {
      ++checked;
      EXPECT_NE(sources.find(block.text), std::string::npos) << block.text;
    }
  }
  EXPECT_EQ(checked, 5U);
}

}  // namespace
}  // namespace exclusive_lock
