#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {
namespace {

TEST(FenceGate, AdmitsTheSameFenceAndHigherOnes) {
  FenceGate gate;
  EXPECT_TRUE(gate.admit(Fence{5}));
  EXPECT_TRUE(gate.admit(Fence{5}));
  EXPECT_TRUE(gate.admit(Fence{7}));
  EXPECT_EQ(gate.highest(), Fence{7});
}

TEST(FenceGate, RefusesALowerFence) {
  FenceGate gate;
  EXPECT_TRUE(gate.admit(Fence{7}));
  EXPECT_FALSE(gate.admit(Fence{6}));
  EXPECT_EQ(gate.highest(), Fence{7});
  EXPECT_TRUE(gate.admit(Fence{7}));
}

TEST(FenceGate, RefusesNoFenceEvenWhenNew) {
  FenceGate gate;
  EXPECT_FALSE(gate.admit(Fence{}));
  EXPECT_EQ(gate.highest(), Fence{});
}

TEST(FenceGate, GoesOnFromWhatWasSeenBefore) {
  FenceGate gate(Fence{10});
  EXPECT_FALSE(gate.admit(Fence{9}));
  EXPECT_TRUE(gate.admit(Fence{10}));
  EXPECT_TRUE(gate.admit(Fence{std::numeric_limits<std::uint64_t>::max()}));
}

// Each thread offers its own rising fences. Whatever the interleaving, the gate ends at the highest
// one, and its height never falls.
TEST(FenceGate, NeverFallsBetweenThreads) {
  constexpr std::uint64_t each = 20'000;
  FenceGate gate;
  std::atomic<bool> has_fallen = false;
  std::vector<std::jthread> threads;
  for (std::uint64_t offset = 1; offset <= 4; ++offset) {
    threads.emplace_back([&gate, &has_fallen, offset] {
      Fence seen;
      for (std::uint64_t i = 0; i < each; ++i) {
        const Fence mine{i * 4 + offset};
        const bool is_admitted = gate.admit(mine);
        const Fence now = gate.highest();
        if (now < seen || now < mine || (is_admitted && mine < seen)) {
          has_fallen = true;
        }
        seen = now;
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(has_fallen);
  EXPECT_EQ(gate.highest(), Fence{each * 4});
}

}  // namespace
}  // namespace exclusive_lock
