#include "cli/suggestion.hpp"

#include <algorithm>

namespace exclusive_lock::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table, because a transposition looks back two rows.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t max_word_bytes = 64;  // no known word is longer; the search is quadratic
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::size_t allowed = std::clamp<std::size_t>(candidate.size() / 3, 1, 3);
    const std::size_t distance =
        word.size() > max_word_bytes ? max_word_bytes : edit_distance(word, candidate);
    if (distance <= allowed && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

bool is_naturally_before(std::string_view a, std::string_view b) {
  const auto number_at = [](std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.substr(
        0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()));
  };
  const auto without_zeros = [](std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  };
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    const auto digits_a = number_at(a);
    const auto digits_b = number_at(b);
    if (digits_a.empty() || digits_b.empty()) {
      if (a.front() != b.front()) {
        return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
      }
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const auto value_a = without_zeros(digits_a);
    const auto value_b = without_zeros(digits_b);
    if (value_a != value_b) {
      return value_a.size() != value_b.size() ? value_a.size() < value_b.size() : value_a < value_b;
    }
    a.remove_prefix(digits_a.size());
    b.remove_prefix(digits_b.size());
  }
  // "a1" and "a01" are different names with equal numbers: compare by bytes.
  return a.empty() && b.empty() ? whole_a < whole_b : a.empty();
}

}  // namespace exclusive_lock::cli
