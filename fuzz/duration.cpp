// Durations as people type them.
//
// - What is taken, and as how much, agrees with exact arithmetic on the digits; nothing is rounded.
// - What is taken is never negative nor above ten years, so no sum with a clock overflows.
// - A problem is told in text fit for a terminal.
// - Every duration has a text.
//
// Input: the text.

#include "cli/duration.hpp"

#include <algorithm>
#include <optional>

#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using cli::Milliseconds;
// Digits beyond fit into no duration.
constexpr std::size_t max_exact_digits = 25;
__extension__ using Wide = __int128;

// One number and its unit.
struct Spelled {
  std::string digits;  // with no point
  std::size_t behind_point;
  std::string unit;
};

// Takes [0-9]+(\.[0-9]+)?[^0-9.][^0-9]* from the front.
std::optional<Spelled> spelled(std::string_view& text) {
  Spelled result{.digits = {}, .behind_point = 0, .unit = {}};
  bool is_behind = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c >= '0' && c <= '9') {
      result.digits += c;
      result.behind_point += is_behind ? 1 : 0;
    } else if (c == '.' && !is_behind && !result.digits.empty()) {
      is_behind = true;
    } else {
      break;
    }
  }
  text.remove_prefix(at);
  result.unit = text.substr(0, text.find_first_of("0123456789"));
  text.remove_prefix(result.unit.size());
  const bool is_number = !result.digits.empty() && (!is_behind || result.behind_point > 0);
  return is_number ? std::optional(result) : std::nullopt;
}

Wide unit_ms(const std::string& unit) {
  if (unit == "ms") {
    return 1;
  }
  if (unit == "s") {
    return 1000;
  }
  if (unit == "m" || unit == "min") {
    return 60'000;
  }
  return unit == "h" ? 3'600'000 : unit == "d" ? 86'400'000 : 0;
}

// The whole milliseconds of one number and its unit; none: it is finer, or longer than any
// duration.
std::optional<Wide> exact_ms(Spelled number) {
  while (number.behind_point > 0 && number.digits.back() == '0') {
    number.digits.pop_back();
    --number.behind_point;
  }
  const auto first = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  if (number.digits.size() - first > max_exact_digits || number.behind_point > max_exact_digits) {
    return std::nullopt;
  }
  Wide value = 0;
  for (const char digit : number.digits) {
    value = value * 10 + (digit - '0');
  }
  value *= unit_ms(number.unit);
  for (std::size_t i = 0; i < number.behind_point; ++i) {
    if (value % 10 != 0) {
      return std::nullopt;
    }
    value /= 10;
  }
  return value;
}

// The sum of all numbers, whose units get smaller; none: the text is no duration, or longer.
std::optional<std::int64_t> exact_ms(std::string_view text) {
  Wide total = 0;
  Wide last_unit = Wide{1} << 64;
  do {
    const auto number = spelled(text);
    const Wide unit = number ? unit_ms(number->unit) : 0;
    const auto value = unit > 0 && unit < last_unit ? exact_ms(*number) : std::nullopt;
    if (!value) {
      return std::nullopt;
    }
    last_unit = unit;
    total += *value;
  } while (!text.empty());
  return total <= Wide{3650} * 86'400'000 ? std::optional(static_cast<std::int64_t>(total))
                                          : std::nullopt;
}

// Fifteen digits before the point are enough for everyone, also where most are zeros.
bool has_many_digits(std::string_view text) {
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits > 15) {
      return true;
    }
    text.remove_prefix(std::min(digits + 1, text.size()));
  }
  return false;
}

}  // namespace

void check_duration(Bytes bytes) {
  const std::string text = Input(bytes).rest();
  const auto parsed = cli::parse_duration(text);
  const auto exact = exact_ms(text);
  if (const auto* wrong = std::get_if<cli::DurationProblem>(&parsed)) {
    require_fit(wrong->text, "a problem with a duration");
    require(wrong->text.size() < 1024, "a problem with a duration is short", wrong->text);
    require(!exact || has_many_digits(text), "a good duration is taken", text);
    return;
  }
  const auto taken = std::get<Milliseconds>(parsed);
  require(exact == taken.count(), "a duration is taken as what it says", text);
  const auto again = cli::parse_duration(std::to_string(taken.count()) + "ms");
  require(std::holds_alternative<Milliseconds>(again) && std::get<Milliseconds>(again) == taken,
          "what is taken is taken again", text);
  require_fit(cli::duration_text(taken), "a duration's text");
  require_fit(cli::duration_text(Milliseconds(static_cast<std::int64_t>(Input(bytes).number()))),
              "a duration's text");
}

}  // namespace exclusive_lock::fuzz
