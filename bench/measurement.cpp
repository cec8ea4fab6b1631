#include "measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "statistics.hpp"

namespace exclusive_lock::bench {

double Measurement::our_median() const { return median(ours); }

double Measurement::floor_median() const { return median(floor); }

double Measurement::ratio() const {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < std::min(ours.size(), floor.size()); ++round) {
    if (floor[round] != 0) {
      ratios.push_back(ours[round] / floor[round]);
    }
  }
  return median(std::move(ratios));
}

std::optional<bool> Measurement::is_met() const {
  if (!goal) {
    return std::nullopt;
  }
  double figure = 0;
  switch (goal->aspect) {
    case Aspect::ratio:
      figure = ratio();
      break;
    case Aspect::excess:
      figure = our_median() - floor_median();
      break;
    case Aspect::ours:
      figure = our_median();
      break;
  }
  if (std::isnan(figure)) {
    return std::nullopt;
  }
  return goal->bound == Bound::at_most ? figure <= goal->limit : figure >= goal->limit;
}

std::string goal_text(const Measurement& measurement) {
  if (!measurement.goal) {
    return {};
  }
  const Goal& goal = *measurement.goal;
  const std::string_view sign = goal.bound == Bound::at_most ? "<=" : ">=";
  switch (goal.aspect) {
    case Aspect::ratio:
      return fmt::format("{} {:g} x floor", sign, goal.limit);
    case Aspect::excess:
      return fmt::format("{} floor + {:g} {}", sign, goal.limit, measurement.unit);
    case Aspect::ours:
      return fmt::format("{} {:g} {}", sign, goal.limit, measurement.unit);
  }
  return {};
}

}  // namespace exclusive_lock::bench
