// Measures the rows of docs/benchmarks.md; ./bench.sh builds and starts it.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "report.hpp"
#include "row_process.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

namespace fs = std::filesystem;

#ifdef NDEBUG
constexpr const char* build_kind = "release";
#else
constexpr const char* build_kind = "with assertions: the figures mean nothing";
#endif

struct Wanted {
  bool quick = false;
  std::vector<std::string> only;
  std::string json_file;
};

// Far above what a row takes: what is not finished then is stuck.
std::chrono::seconds row_limit(const Wanted& wanted) {
  return std::chrono::seconds(wanted.quick ? 60 : 400);
}

std::string from_environment(const char* variable) {
  const char* value = ::getenv(variable);
  return value == nullptr ? "unknown" : value;
}

std::string server_version(live::Server& server) {
  live::RawClient client = server.client();
  const std::string info = client.text({"INFO", "server"});
  const std::string field = "redis_version:";
  const auto at = info.find(field) + field.size();
  return "redis " + info.substr(at, info.find('\r', at) - at);
}

std::string extent_text(const Effort& effort) {
  return fmt::format("{} of each side, in turns{}", effort.rounds,
                     effort.extent == Extent::quick
                         ? "; a quick look, which leaves sizes out: docs/benchmarks.md"
                         : "");
}

Report new_report(live::Server& server, const Effort& effort, const std::string& command) {
  return {
      .machine = this_machine(),
      .versions = {.commit = from_environment("EXCLUSIVE_LOCK_BENCH_COMMIT"),
                   .compiler = fmt::format("g++ " __VERSION__ ", {}", build_kind),
                   .server = server_version(server),
                   .hiredis = fmt::format("{}.{}.{}", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH)},
      .command = command,
      .began_at = fmt::format("{:%F %T} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                  std::chrono::system_clock::now()))),
      .extent = extent_text(effort)};
}

std::vector<std::string> row_names() {
  std::vector<std::string> names;
  for (const Row& row : rows()) {
    names.emplace_back(row.name);
  }
  return names;
}

std::string command_text(const Wanted& wanted) {
  std::string text = "./bench.sh";
  if (wanted.quick) {
    text += " --quick";
  }
  if (!wanted.only.empty()) {
    text += fmt::format(" --only {}", fmt::join(wanted.only, ","));
  }
  return text;
}

void measure_all(const Wanted& wanted) {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  const Programs programs{.worker = here / "bench_worker", .command = BENCH_COMMAND};
  // More clients than its default allows for.
  live::Server server({.arguments = {"--maxclients", "10000"}});
  const Effort effort = effort_for(wanted.quick ? Extent::quick : Extent::full);
  Report report = new_report(server, effort, command_text(wanted));
  print_heading(report);
  print_table_head();
  for (const Row& row : rows()) {
    const bool is_wanted = wanted.only.empty() || std::ranges::count(wanted.only, row.name) > 0;
    if (!is_wanted) {
      continue;
    }
    server.client().must({"FLUSHALL"});
    measure_in_process(row, effort, programs, server, row_limit(wanted),
                       [&report](const Measurement& line) {
                         print_line(line);
                         report.measurements.push_back(line);
                       });
  }
  if (!wanted.json_file.empty()) {
    write_json(report, wanted.json_file);
  }
}

}  // namespace
}  // namespace exclusive_lock::bench

int main(int argc, char** argv) {
  using namespace exclusive_lock::bench;
  CLI::App app("Measures exclusive-lock against the floor of each row of docs/benchmarks.md",
               "./bench.sh");
  Wanted wanted;
  app.add_flag("--quick", wanted.quick, "Under a minute; figures are rough");
  app.add_option("--only", wanted.only, "Rows to measure, as a,c,f2")
      ->delimiter(',')
      ->check(CLI::IsMember(row_names()));
  app.add_option("--json", wanted.json_file, "Write everything to this file, for bench/plot");
  CLI11_PARSE(app, argc, argv);
  try {
    measure_all(wanted);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
