#include "measurement_json.hpp"

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "statistics.hpp"

namespace exclusive_lock::bench {
namespace {

namespace json = boost::json;

json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

double number_in(const json::value& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.to_number<double>();
}

std::string text_in(const json::value& value) { return json::value_to<std::string>(value); }

json::value figures(const std::vector<double>& rounds) {
  if (rounds.empty()) {
    return nullptr;
  }
  const Quartiles all = quartiles(rounds);
  json::array each;
  for (const double figure : rounds) {
    each.emplace_back(number(figure));
  }
  return json::object{{"median", number(all.median)},
                      {"lower_quartile", number(all.lower)},
                      {"upper_quartile", number(all.upper)},
                      {"rounds", std::move(each)}};
}

std::vector<double> rounds_in(const json::value& figures) {
  std::vector<double> rounds;
  if (!figures.is_null()) {
    for (const json::value& figure : figures.at("rounds").as_array()) {
      rounds.push_back(number_in(figure));
    }
  }
  return rounds;
}

json::value goal_object(const Measurement& measurement) {
  if (!measurement.goal) {
    return nullptr;
  }
  return json::object{{"text", goal_text(measurement)},
                      {"aspect", static_cast<int>(measurement.goal->aspect)},
                      {"bound", static_cast<int>(measurement.goal->bound)},
                      {"limit", measurement.goal->limit}};
}

std::optional<Goal> goal_in(const json::value& goal) {
  if (goal.is_null()) {
    return std::nullopt;
  }
  return Goal{.aspect = static_cast<Aspect>(goal.at("aspect").to_number<int>()),
              .bound = static_cast<Bound>(goal.at("bound").to_number<int>()),
              .limit = number_in(goal.at("limit"))};
}

}  // namespace

json::object to_json(const Measurement& measurement) {
  const auto met = measurement.is_met();
  json::object more;
  for (const auto& [name, value] : measurement.more) {
    more[name] = number(value);
  }
  return {{"row", measurement.row},
          {"what", measurement.what},
          {"unit", measurement.unit},
          {"ours", figures(measurement.ours)},
          {"plain", figures(measurement.plain)},
          {"same_scripts", figures(measurement.same_scripts)},
          {"over_plain", number(measurement.over_plain())},
          {"over_same_scripts", number(measurement.over_same_scripts())},
          {"goal", goal_object(measurement)},
          {"met", met ? json::value(*met) : json::value(nullptr)},
          {"series", measurement.series},
          {"at", measurement.at},
          {"more", std::move(more)},
          {"note", measurement.note}};
}

Measurement from_json(const json::value& value) {
  Measurement measurement{.row = text_in(value.at("row")),
                          .what = text_in(value.at("what")),
                          .unit = text_in(value.at("unit")),
                          .ours = rounds_in(value.at("ours")),
                          .plain = rounds_in(value.at("plain")),
                          .same_scripts = rounds_in(value.at("same_scripts")),
                          .goal = goal_in(value.at("goal")),
                          .series = text_in(value.at("series")),
                          .at = number_in(value.at("at"))};
  for (const auto& member : value.at("more").as_object()) {
    measurement.more[member.key()] = number_in(member.value());
  }
  measurement.note = text_in(value.at("note"));
  return measurement;
}

}  // namespace exclusive_lock::bench
