// The model says what a server says: random sequences on both, and every answer, every push and
// every key compared. More of them, or one again:
//
//   CROSS_CHECK_SEEDS=1000..9999 build/dev/tests/conformance/conformance_tests
//       --gtest_filter='*CrossCheck.*'
//
// A difference is shortened for 20 s, or CROSS_CHECK_SHORTEN_SECONDS.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "conformance/broken_store.hpp"
#include "conformance/cross_check/duel.hpp"
#include "conformance/cross_check/server_side.hpp"

namespace exclusive_lock::conformance {
namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
};

Seeds seeds_to_run() {
  const char* asked = std::getenv("CROSS_CHECK_SEEDS");
  if (asked == nullptr) {
    return {};
  }
  const std::string text(asked);
  const auto dots = text.find("..");
  if (dots == std::string::npos) {
    throw std::runtime_error("CROSS_CHECK_SEEDS is FIRST..LAST");
  }
  return {.first = std::stoull(text.substr(0, dots)), .last = std::stoull(text.substr(dots + 2))};
}

std::chrono::seconds time_to_shorten() {
  const char* asked = std::getenv("CROSS_CHECK_SHORTEN_SECONDS");
  return std::chrono::seconds(asked == nullptr ? 20 : std::stoi(asked));
}

class CrossCheck : public testing::TestWithParam<live::ServerKind> {};

TEST_P(CrossCheck, ServerSaysWhatTheModelSays) {
  ModelSide model;
  ServerSide server(GetParam());
  const Seeds seeds = seeds_to_run();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const Sequence sequence = draw_sequence(seed);
    if (find_difference(sequence, model, server)) {
      FAIL() << story_of(sequence, model, server, time_to_shorten());
    }
  }
}

TEST_P(CrossCheck, FixedSequencesAreTheSame) {
  ModelSide model;
  ServerSide server(GetParam());
  for (const Sequence& sequence : fixed_sequences()) {
    if (find_difference(sequence, model, server)) {
      ADD_FAILURE() << story_of(sequence, model, server, time_to_shorten());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, CrossCheck, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

// Tests the test: a store that is broken in one way is not the model, and the story says how.
class CrossCheckFinds : public testing::TestWithParam<BrokenStore> {};

TEST_P(CrossCheckFinds, TheBrokenStore) {
  ModelSide model;
  ModelSide broken(GetParam().wrap);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Sequence sequence = draw_sequence(seed);
    if (find_difference(sequence, model, broken)) {
      const Sequence shortened = shorten(sequence, model, broken, time_to_shorten());
      EXPECT_LE(shortened.commands.size(), 12U)
          << story_of(sequence, model, broken, time_to_shorten());
      return;
    }
  }
  FAIL() << "nothing of what the store says shows that it " << GetParam().name;
}

// Not those that break what one thread on these three locks does not see: broken/contract.cpp, what
// only two steps at once show, and what lies beside a fourth lock.
BrokenStores visibly_broken_stores() {
  BrokenStores all;
  for (const auto& some : {broken_in_exclusion(), broken_in_ownership(), broken_in_repetition(),
                           broken_in_waiting(), broken_in_barging()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  std::erase_if(all, [](const BrokenStore& each) {
    return each.name == "LooksAndThenWrites" || each.name == "LeavesTheQueueBehind";
  });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Broken, CrossCheckFinds, testing::ValuesIn(visibly_broken_stores()),
                         [](const auto& each) { return each.param.name; });

TEST(CrossCheckItself, TheModelSaysWhatTheModelSays) {
  ModelSide one;
  ModelSide other;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_FALSE(find_difference(draw_sequence(seed), one, other)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace exclusive_lock::conformance
