#pragma once
// One line of the table: what was measured, beside its floors, against its goal.
//
// The plain floor is what a user would write by hand; a ratio to it is the price of what this
// project adds. The same-scripts floor is a bare client that sends our scripts; a ratio to it is
// what our client adds.
//
// All sides are measured in turns, round by round, so that whatever else the machine does meets
// them alike. Each round gives one figure; the line shows the medians over the rounds, and a ratio
// is the median of the ratios of the rounds.

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace exclusive_lock::bench {

// What a goal looks at.
enum class Aspect {
  over_plain,         // ours / plain floor
  over_same_scripts,  // ours / same-scripts floor
  ours,
};
enum class Bound { at_most, at_least };

struct Goal {
  Aspect aspect;
  Bound bound;
  double limit;
};

struct Measurement {
  std::string row;             // of docs/benchmarks.md: "a"
  std::string what;            // fit for a table
  std::string unit;            // of all sides
  std::vector<double> ours{};  // one figure for each round
  // The same; empty: this line has no such floor.
  std::vector<double> plain{};
  std::vector<double> same_scripts{};
  std::optional<Goal> goal{};
  // For the plots: which series this is a point of, and its place on the x axis.
  std::string series{};
  double at = 0;
  // Figures beside the main one, for reading on: their medians go to the JSON.
  std::map<std::string, double> more{};
  std::string note{};  // why it is incomplete, or how to read it

  [[nodiscard]] double our_median() const;
  // NaN where the line has no such floor.
  [[nodiscard]] double over_plain() const;
  [[nodiscard]] double over_same_scripts() const;
  // None: there is no goal, or nothing to judge it by.
  [[nodiscard]] std::optional<bool> is_met() const;
};

// "<= 1.35 x plain"; empty without a goal.
std::string goal_text(const Measurement& measurement);

}  // namespace exclusive_lock::bench
