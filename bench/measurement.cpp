#include "measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "statistics.hpp"

namespace exclusive_lock::bench {
namespace {

double median_ratio(const std::vector<double>& ours, const std::vector<double>& floor) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < std::min(ours.size(), floor.size()); ++round) {
    if (floor[round] != 0) {
      ratios.push_back(ours[round] / floor[round]);
    }
  }
  return median(std::move(ratios));
}

}  // namespace

double Measurement::our_median() const { return median(ours); }

double Measurement::over_plain() const { return median_ratio(ours, plain); }

double Measurement::over_same_scripts() const { return median_ratio(ours, same_scripts); }

std::optional<bool> Measurement::is_met() const {
  if (!goal) {
    return std::nullopt;
  }
  double figure = 0;
  switch (goal->aspect) {
    case Aspect::over_plain:
      figure = over_plain();
      break;
    case Aspect::over_same_scripts:
      figure = over_same_scripts();
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
    case Aspect::over_plain:
      return fmt::format("{} {:g} x plain", sign, goal.limit);
    case Aspect::over_same_scripts:
      return fmt::format("{} {:g} x scripts", sign, goal.limit);
    case Aspect::ours:
      return fmt::format("{} {:g} {}", sign, goal.limit, measurement.unit);
  }
  return {};
}

}  // namespace exclusive_lock::bench
