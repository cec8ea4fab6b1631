#include "cli/secrets.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace exclusive_lock::cli {
namespace {

struct Range {
  std::size_t begin;
  std::size_t end;  // position of the '@'
};

// Takes the last '@' of the whole text, not of the authority: an unescaped '/' in a password ends
// the authority early.
std::optional<Range> user_information(std::string_view text) {
  const std::size_t mark = text.find("://");
  const std::size_t at = text.rfind('@');
  if (mark == std::string_view::npos || at == std::string_view::npos || at < mark + 3) {
    return std::nullopt;
  }
  return Range{.begin = mark + 3, .end = at};
}

}  // namespace

void scrub_url(char* text) {
  if (const auto range = user_information(text)) {
    std::fill(text + range->begin, text + range->end, '*');
  }
}

std::vector<std::string> take_arguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    arguments.emplace_back(argv[i]);
    scrub_url(argv[i]);
  }
  return arguments;
}

std::string without_credentials(std::string_view url) {
  const auto range = user_information(url);
  if (!range) {
    return std::string(url);
  }
  return std::string(url.substr(0, range->begin)) + std::string(url.substr(range->end + 1));
}

}  // namespace exclusive_lock::cli
