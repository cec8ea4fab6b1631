#include "report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "measurement_json.hpp"
#include "statistics.hpp"

namespace exclusive_lock::bench {
namespace {

namespace json = boost::json;

// A Markdown table, so that it can be pasted into docs/benchmarks.md.
constexpr const char* layout =
    "| {:<3} | {:<52} | {:>7} | {:<16} | {:>7} | {:>7} | {:<11} | {:>7} | {:>9} | {:<20} | {:<4} "
    "|\n";

// Three digits that count.
std::string figure_text(double value) {
  if (std::isnan(value)) {
    return "-";
  }
  const double size = std::abs(value);
  const int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return fmt::format("{:.{}f}", value, decimals);
}

// Of the rounds, where there are several.
std::string quartiles_text(const std::vector<double>& rounds) {
  if (rounds.size() < 2) {
    return "";
  }
  const Quartiles all = quartiles(rounds);
  return fmt::format("{} to {}", figure_text(all.lower), figure_text(all.upper));
}

std::string met_text(const Measurement& measurement) {
  if (!measurement.goal) {
    return "";
  }
  const auto met = measurement.is_met();
  if (!met) {
    return "not measured";
  }
  return *met ? "yes" : "NO";
}

}  // namespace

void print_heading(const Report& report) {
  fmt::print("machine    {}, {} cores, {:.0f} GiB, {}\n", report.machine.processor,
             report.machine.cores, report.machine.memory_gib, report.machine.kernel);
  fmt::print("placement  {}\n", report.machine.placement);
  fmt::print("load       {} (average of the minute before)\n", report.machine.load);
  fmt::print("versions   commit {}, {}, {}, hiredis {}\n", report.versions.commit,
             report.versions.compiler, report.versions.server, report.versions.hiredis);
  fmt::print("began      {}\ncommand    {}\n", report.began_at, report.command);
  fmt::print("rounds     {}\n\n", report.extent);
}

void print_table_head() {
  fmt::print(layout, "row", "what", "ours", "quartiles", "plain", "scripts", "unit", "/ plain",
             "/ scripts", "goal", "met?");
  fmt::print("|{0}|{0}|{0}|{0}|{0}|{0}|{0}|{0}|{0}|{0}|{0}|\n", "---");
  std::fflush(stdout);
}

void print_line(const Measurement& measurement) {
  fmt::print(layout, measurement.row, measurement.what, figure_text(measurement.our_median()),
             quartiles_text(measurement.ours), figure_text(median(measurement.plain)),
             figure_text(median(measurement.same_scripts)), measurement.unit,
             figure_text(measurement.over_plain()), figure_text(measurement.over_same_scripts()),
             goal_text(measurement), met_text(measurement));
  if (!measurement.note.empty()) {
    fmt::print("|     | {} |\n", measurement.note);
  }
  std::fflush(stdout);
}

void write_json(const Report& report, const std::filesystem::path& file) {
  json::array lines;
  for (const Measurement& measurement : report.measurements) {
    lines.emplace_back(to_json(measurement));
  }
  const json::object all{{"machine", json::object{{"processor", report.machine.processor},
                                                  {"cores", report.machine.cores},
                                                  {"memory_gib", report.machine.memory_gib},
                                                  {"kernel", report.machine.kernel},
                                                  {"placement", report.machine.placement},
                                                  {"load_before", report.machine.load}}},
                         {"versions", json::object{{"commit", report.versions.commit},
                                                   {"compiler", report.versions.compiler},
                                                   {"server", report.versions.server},
                                                   {"hiredis", report.versions.hiredis}}},
                         {"began_at", report.began_at},
                         {"command", report.command},
                         {"extent", report.extent},
                         {"lines", std::move(lines)}};
  std::ofstream out(file);
  out << json::serialize(all) << '\n';
  if (!out.flush()) {
    throw std::runtime_error("cannot write " + file.string());
  }
}

}  // namespace exclusive_lock::bench
