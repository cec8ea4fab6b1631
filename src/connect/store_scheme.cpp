#include "connect/store_scheme.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace exclusive_lock {
namespace {

struct OtherSpelling {
  std::string_view name;
  std::string_view meant;
};

// The names that other programs use.
constexpr std::array other_spellings{
    OtherSpelling{"valkey", "redis"},      OtherSpelling{"keydb", "redis"},
    OtherSpelling{"redict", "redis"},      OtherSpelling{"tcp", "redis"},
    OtherSpelling{"valkeys", "rediss"},    OtherSpelling{"tls", "rediss"},
    OtherSpelling{"redis+ssl", "rediss"},  OtherSpelling{"redis+tls", "rediss"},
    OtherSpelling{"redis+socket", "unix"}, OtherSpelling{"redis+unix", "unix"},
    OtherSpelling{"file", "local"},        OtherSpelling{"sqlite", "local"},
};

// The number of letters to insert, delete, replace or swap with the next one (optimal string
// alignment).
std::size_t typing_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> nearest_store_scheme(std::string_view name) {
  for (const auto& other : other_spellings) {
    if (other.name == name) {
      return other.meant;
    }
  }
  constexpr std::size_t max_edits = 2;
  std::size_t min_edits = max_edits + 1;
  std::optional<std::string_view> nearest;
  for (const auto scheme : store_schemes) {
    const std::size_t edits = typing_distance(name, scheme);
    if (edits < min_edits) {
      min_edits = edits;
      nearest = scheme;
    }
  }
  return nearest;
}

}  // namespace exclusive_lock
