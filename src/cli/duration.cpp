#include "cli/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array units{Unit{"ms", 1},       Unit{"s", 1'000},     Unit{"m", 60'000},
                           Unit{"min", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::int64_t max_ms = 3650 * std::int64_t{86'400'000};
// Any fifteen digits fit into 64 bits.
constexpr std::size_t max_digits = 15;
// Ten digits times the longest unit fit into 64 bits. A longer fraction without trailing zeros is
// not a whole number of milliseconds in any unit.
constexpr std::size_t max_fraction_digits = 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

// `digits` holds digits only, at most `max_digits` of them.
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

constexpr std::string_view how =
    "; write a number and a unit: 500ms, 2s, 1.5s, 10m, 1h, 7d, or several: 1h30m";
constexpr std::string_view too_long = "is too long; at most 3650d";

// One number and its unit.
struct Piece {
  std::string_view whole;
  std::string_view fraction;  // without trailing zeros
  std::string_view unit;
};

std::string_view without_trailing_zeros(std::string_view digits) {
  const std::size_t last = digits.find_last_not_of('0');
  return digits.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Takes one piece from the beginning of `rest`. A text: what is wrong with it.
std::variant<Piece, std::string> take_piece(std::string_view& rest) {
  Piece piece;
  piece.whole = rest.substr(0, digits_at(rest));
  rest.remove_prefix(piece.whole.size());
  if (piece.whole.empty()) {
    return "does not begin with a number" + std::string(how);
  }
  if (!rest.empty() && rest.front() == '.') {
    const std::string_view digits = rest.substr(1, digits_at(rest.substr(1)));
    if (digits.empty()) {
      return "has no digit after the point" + std::string(how);
    }
    rest.remove_prefix(1 + digits.size());
    piece.fraction = without_trailing_zeros(digits);
  }
  piece.unit = rest.substr(0, rest.find_first_of("0123456789"));
  rest.remove_prefix(piece.unit.size());
  if (piece.unit.empty()) {
    return "has no unit" + std::string(how);
  }
  return piece;
}

std::variant<std::int64_t, std::string> milliseconds_of(const Piece& piece, const Unit& unit) {
  if (piece.whole.size() > max_digits || to_number(piece.whole) > max_ms / unit.milliseconds) {
    return std::string(too_long);
  }
  const std::size_t digits = std::min(piece.fraction.size(), max_fraction_digits);
  const std::int64_t scale = power_of_ten(digits);
  const std::int64_t scaled = to_number(piece.fraction.substr(0, digits)) * unit.milliseconds;
  if (piece.fraction.size() > digits || scaled % scale != 0) {
    return "is finer than a millisecond";
  }
  return to_number(piece.whole) * unit.milliseconds + scaled / scale;
}

// The sum of all pieces. Each unit must be smaller than the one before.
std::variant<std::int64_t, std::string> sum_of(std::string_view rest) {
  std::int64_t total = 0;
  std::int64_t last_unit = std::numeric_limits<std::int64_t>::max();
  while (!rest.empty()) {
    const auto taken = take_piece(rest);
    const auto* const piece = std::get_if<Piece>(&taken);
    if (piece == nullptr) {
      return std::get<std::string>(taken);
    }
    const auto* const unit = std::ranges::find(units, piece->unit, &Unit::name);
    if (unit == units.end()) {
      return "has the unknown unit \"" + printable(piece->unit, 32) + "\"" + std::string(how);
    }
    if (unit->milliseconds >= last_unit) {
      return "has a unit after one that is not larger" + std::string(how);
    }
    last_unit = unit->milliseconds;
    const auto counted = milliseconds_of(*piece, *unit);
    const auto* const milliseconds = std::get_if<std::int64_t>(&counted);
    if (milliseconds == nullptr) {
      return std::get<std::string>(counted);
    }
    total += *milliseconds;  // at most six units, each at most max_ms: no overflow
  }
  return total <= max_ms ? std::variant<std::int64_t, std::string>(total) : std::string(too_long);
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
  if (text.empty() || text.front() == '-') {
    return problem(text, (text.empty() ? "is empty" : "is negative") + std::string(how));
  }
  const auto sum = sum_of(text);
  if (const auto* const wrong = std::get_if<std::string>(&sum)) {
    return problem(text, *wrong);
  }
  return Milliseconds(std::get<std::int64_t>(sum));
}

std::string duration_text(Milliseconds duration) {
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
