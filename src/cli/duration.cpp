#include "cli/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array units{Unit{"ms", 1},       Unit{"s", 1'000},     Unit{"m", 60'000},
                           Unit{"min", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::int64_t longest_ms = 3650 * std::int64_t{86'400'000};
constexpr std::size_t most_digits =
    15;  // any fifteen fit into 64 bits, with room for the unit's factor

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

// Only digits; at most `most_digits` of them.
std::int64_t to_number(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::int64_t power_of_ten(std::size_t exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) {
    power *= 10;
  }
  return power;
}

DurationProblem problem(std::string_view text, std::string_view what) {
  return {"\"" + printable(text, 64) + "\" " + std::string(what)};
}

constexpr std::string_view how = "; write a number and a unit: 500ms, 2s, 1.5s, 10m, 1h, 7d";

struct Pieces {
  std::string_view whole;
  std::string_view fraction;  // without trailing zeros
  std::string_view unit;
};

std::string_view without_trailing_zeros(std::string_view digits) {
  const std::size_t last = digits.find_last_not_of('0');
  return digits.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::variant<Pieces, DurationProblem> take_apart(std::string_view text) {
  if (text.empty() || text.front() == '-') {
    return problem(text, (text.empty() ? "is empty" : "is negative") + std::string(how));
  }
  Pieces pieces;
  pieces.whole = text.substr(0, digits_at(text));
  std::string_view rest = text.substr(pieces.whole.size());
  if (pieces.whole.empty()) {
    return problem(text, "does not begin with a number" + std::string(how));
  }
  if (!rest.empty() && rest.front() == '.') {
    const std::string_view digits = rest.substr(1, digits_at(rest.substr(1)));
    if (digits.empty()) {
      return problem(text, "has no digit after the point" + std::string(how));
    }
    rest.remove_prefix(1 + digits.size());
    pieces.fraction = without_trailing_zeros(digits);
  }
  if (rest.empty()) {
    return problem(text, "has no unit" + std::string(how));
  }
  pieces.unit = rest;
  return pieces;
}

std::string two_units(std::int64_t larger, std::string_view larger_name, std::int64_t smaller,
                      std::string_view smaller_name) {
  std::string text = std::to_string(larger) + " " + std::string(larger_name);
  if (smaller != 0) {
    text += " " + std::to_string(smaller) + " " + std::string(smaller_name);
  }
  return text;
}

}  // namespace

std::variant<Milliseconds, DurationProblem> parse_duration(std::string_view text) {
  const auto taken_apart = take_apart(text);
  if (const auto* wrong = std::get_if<DurationProblem>(&taken_apart)) {
    return *wrong;
  }
  const auto& [whole, fraction, unit_name] = std::get<Pieces>(taken_apart);
  const auto* const unit =
      std::find_if(units.begin(), units.end(),
                   [&, name = unit_name](const Unit& one) { return one.name == name; });
  if (unit == units.end()) {
    return problem(text,
                   "has the unknown unit \"" + printable(unit_name, 32) + "\"" + std::string(how));
  }
  if (whole.size() > most_digits || to_number(whole) > longest_ms / unit->milliseconds) {
    return problem(text, "is too long; at most 3650d");
  }
  // Nine digits times the longest unit fit into 64 bits.
  const std::int64_t scale = power_of_ten(std::min<std::size_t>(fraction.size(), 9));
  const std::int64_t scaled = to_number(fraction.substr(0, 9)) * unit->milliseconds;
  if (fraction.size() > 9 || scaled % scale != 0) {
    return problem(text, "is finer than a millisecond");
  }
  const std::int64_t total = to_number(whole) * unit->milliseconds + scaled / scale;
  if (total > longest_ms) {
    return problem(text, "is too long; at most 3650d");
  }
  return Milliseconds(total);
}

std::string spoken(Milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(0, duration.count());
  const std::int64_t seconds = ms / 1000;
  if (ms < 1000) {
    return std::to_string(ms) + " ms";
  }
  if (seconds < 60) {
    const std::int64_t tenths = ms % 1000 / 100;
    return std::to_string(seconds) + (tenths != 0 ? "." + std::to_string(tenths) : "") + " s";
  }
  if (seconds < 3600) {
    return two_units(seconds / 60, "min", seconds % 60, "s");
  }
  if (seconds < 86400) {
    return two_units(seconds / 3600, "h", seconds % 3600 / 60, "min");
  }
  return two_units(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

}  // namespace exclusive_lock::cli
