// Replays and explores simulated runs; see sim/README.md.
//
//   sim --seed N [--mutant NAME] [--lines L]     one run, with its trace
//   sim --seeds A..B                             these
//   sim --minutes M [--seed N]                   from seed N on (1 unless told), for so long
//
// Exit codes: 0 nothing is against a guarantee, 1 something is, 2 the command line is wrong.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "sim/simulation.hpp"

namespace exclusive_lock::sim {
namespace {

using Clock = std::chrono::steady_clock;

void show(const Plan& plan, const Outcome& outcome) {
  for (const std::string& line : outcome.trace) {
    std::cout << line << "\n";
  }
  if (outcome.violation) {
    std::cout << "seed " << plan.seed << ": " << outcome.violation->checker << ": "
              << outcome.violation->what << std::endl;
  }
}

int replay(const Plan& plan) {
  const Outcome outcome = run(plan);
  show(plan, outcome);
  if (!outcome.violation) {
    std::cout << "seed " << plan.seed << ": nothing is wrong; " << outcome.events << " events, "
              << outcome.grants << " grants, " << outcome.hand_overs << " of them hand-overs"
              << std::endl;
  }
  return outcome.violation ? 1 : 0;
}

struct Range {
  std::uint64_t first;
  std::optional<std::uint64_t> last;
  std::optional<Clock::time_point> end;
};

int explore(const Range& range, Plan plan) {
  const auto began = Clock::now();
  const std::size_t trace_lines = plan.trace_lines;
  plan.trace_lines = 0;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t grants = 0;
  std::uint64_t hand_overs = 0;
  for (plan.seed = range.first;
       (!range.last || plan.seed <= *range.last) && (!range.end || Clock::now() < *range.end);
       ++plan.seed) {
    const Outcome outcome = run(plan);
    if (outcome.violation) {
      plan.trace_lines = trace_lines;
      return replay(plan);
    }
    ++seeds;
    events += outcome.events;
    grants += outcome.grants;
    hand_overs += outcome.hand_overs;
  }
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  std::cout << seeds << " seeds from " << range.first << " on, " << events << " events, " << grants
            << " grants, " << hand_overs << " of them hand-overs; " << took << " s, "
            << static_cast<double>(seeds) / took << " seeds/s\nnothing is wrong" << std::endl;
  return 0;
}

std::optional<Range> parse_range(const std::string& text) {
  Range range{};
  std::uint64_t last = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%lu..%lu%c", &range.first, &last, &rest) != 2 ||
      last < range.first) {
    return std::nullopt;
  }
  range.last = last;
  return range;
}

}  // namespace
}  // namespace exclusive_lock::sim

int main(int count, char** words) {
  using namespace exclusive_lock::sim;
  Plan plan{.seed = 1, .trace_lines = 80};
  std::string seeds;
  std::string mutant;
  double minutes = 0;
  CLI::App app("Simulated runs of the lock, each from its seed");
  app.add_option("--seed", plan.seed, "the run to replay, or the first one");
  app.add_option("--seeds", seeds, "runs to explore, as 1..20000");
  app.add_option("--minutes", minutes, "how long to explore")->check(CLI::Range(0.001, 100'000.0));
  app.add_option("--mutant", mutant, "a bug to put in, see sim/mutants.hpp");
  app.add_option("--lines", plan.trace_lines, "of the trace that are shown, the last ones")
      ->check(CLI::Range(1, 1'000'000));
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const auto found = mutant_named(mutant); found) {
    plan.mutant = *found;
  } else if (!mutant.empty()) {
    std::cerr << "there is no mutant " << mutant << "; there are:";
    for (const MutantEntry& entry : all_mutants()) {
      std::cerr << " " << entry.name;
    }
    std::cerr << std::endl;
    return 2;
  }
  if (!seeds.empty()) {
    const auto range = parse_range(seeds);
    if (!range) {
      std::cerr << "--seeds wants FIRST..LAST, as 1..20000" << std::endl;
      return 2;
    }
    return explore(*range, plan);
  }
  if (minutes > 0) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                               std::chrono::duration<double>(minutes * 60));
    return explore({.first = plan.seed, .last = {}, .end = end}, plan);
  }
  return replay(plan);
}
