#pragma once
// One line of the table: what was measured, beside its floor, against its goal.
//
// Ours and the floor are measured in turns, round by round, so that whatever else the machine does
// meets both alike. Each round gives one figure; the line shows the medians over the rounds, and
// the ratio is the median of the ratios of the rounds.

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace exclusive_lock::bench {

// What a goal looks at.
enum class Aspect {
  ratio,   // ours / floor
  excess,  // ours - floor, in the unit of the line
  ours,
};
enum class Bound { at_most, at_least };

struct Goal {
  Aspect aspect;
  Bound bound;
  double limit;
};

struct Measurement {
  std::string row;              // of issue 3, section 4: "a"
  std::string what;             // fit for a table
  std::string unit;             // of ours and floor
  std::vector<double> ours{};   // one figure for each round
  std::vector<double> floor{};  // the same; empty: this line has no floor
  std::optional<Goal> goal{};
  // For the plots: which series this is a point of, and its place on the x axis.
  std::string series{};
  double at = 0;
  // Figures beside the main one, for reading on: their medians go to the JSON.
  std::map<std::string, double> more{};
  std::string note{};  // why it is incomplete, or how to read it

  [[nodiscard]] double our_median() const;
  [[nodiscard]] double floor_median() const;
  [[nodiscard]] double ratio() const;
  // None: there is no goal, or nothing to judge it by.
  [[nodiscard]] std::optional<bool> is_met() const;
};

// "<= 1.15 x floor"; empty without a goal.
std::string goal_text(const Measurement& measurement);

}  // namespace exclusive_lock::bench
