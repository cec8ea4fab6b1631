// What every change has to survive: twenty thousand seeds, in parts, so that they run side by side;
// and every mutant has to be caught by its checker.

#include "sim/simulation.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>
#include <string_view>

#include "sim/checker_names.hpp"

namespace exclusive_lock::sim {

std::ostream& operator<<(std::ostream& out, const MutantEntry& entry) { return out << entry.name; }

namespace {

constexpr std::uint64_t seeds_in_a_part = 5'000;

std::string told(const Plan& plan) {
  Plan with_trace = plan;
  with_trace.trace_lines = 60;
  const Outcome outcome = run(with_trace);
  std::string text = "seed " + std::to_string(plan.seed) + ": ";
  if (outcome.violation) {
    text += outcome.violation->checker + ": " + outcome.violation->what;
  }
  for (const std::string& line : outcome.trace) {
    text += "\n" + line;
  }
  return text;
}

class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, EveryGuaranteeHoldsInEverySeed) {
  const std::uint64_t first = 1 + GetParam() * seeds_in_a_part;
  std::uint64_t hand_overs = 0;
  for (std::uint64_t seed = first; seed < first + seeds_in_a_part; ++seed) {
    const Plan plan{.seed = seed};
    const Outcome outcome = run(plan);
    ASSERT_FALSE(outcome.violation) << told(plan);
    hand_overs += outcome.hand_overs;
  }
  EXPECT_GT(hand_overs, seeds_in_a_part) << "the seeds have become too tame to show anything";
}

INSTANTIATE_TEST_SUITE_P(Part, Simulation, testing::Range<std::uint64_t>(0, 4));

TEST(SimulationReplay, SameSeedGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Plan plan{.seed = seed, .trace_lines = 1'000'000};
    const Outcome once = run(plan);
    const Outcome again = run(plan);
    EXPECT_FALSE(once.trace.empty());
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed;
  }
}

TEST(SimulationReplay, AnotherSeedGivesAnotherTrace) {
  EXPECT_NE(run({.seed = 1, .trace_lines = 100}).trace, run({.seed = 2, .trace_lines = 100}).trace);
}

class SimulatedMutant : public testing::TestWithParam<MutantEntry> {};

TEST_P(SimulatedMutant, IsCaughtByItsChecker) {
  constexpr std::uint64_t max_seeds = 20'000;
  std::string others;
  for (std::uint64_t seed = 1; seed <= max_seeds; ++seed) {
    const Outcome outcome = run({.seed = seed, .mutant = GetParam().mutant});
    if (outcome.violation && outcome.violation->checker == GetParam().caught_by) {
      return;
    }
    if (outcome.violation) {
      others = ", but " + outcome.violation->checker + " did";
    }
  }
  FAIL() << GetParam().caught_by << " did not catch " << GetParam().name << others;
}

INSTANTIATE_TEST_SUITE_P(Bug, SimulatedMutant,
                         testing::ValuesIn(all_mutants().begin(), all_mutants().end()),
                         [](const auto& each) { return std::string(each.param.name); });

// A checker that finds nothing would not be missed otherwise.
TEST(SimulationCheckers, EachIsTheFirstToCatchAMutant) {
  std::set<std::string_view> caught;
  for (const MutantEntry& entry : all_mutants()) {
    caught.insert(entry.caught_by);
  }
  for (const char* checker : checker::all) {
    EXPECT_TRUE(caught.contains(checker)) << checker;
  }
}

}  // namespace
}  // namespace exclusive_lock::sim
