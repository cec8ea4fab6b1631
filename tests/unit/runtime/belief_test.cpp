#include "runtime/belief.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Instant requested_at{1h};

TEST(Belief, IsNoneBeforeItBeginsAndAfterItEnds) {
  Belief belief;
  EXPECT_FALSE(belief.look(requested_at));
  belief.begin(requested_at + 1s);
  EXPECT_EQ(belief.look(requested_at), requested_at + 1s);
  belief.end();
  EXPECT_FALSE(belief.look(requested_at));
  EXPECT_FALSE(belief.move(requested_at + 2s));
}

TEST(Belief, EndsAtTheInstantItselfNotBehindIt) {
  Belief belief;
  belief.begin(requested_at);
  EXPECT_TRUE(belief.look(requested_at - 1ns));
  EXPECT_FALSE(belief.look(requested_at));
}

TEST(Belief, MovesBothWays) {
  Belief belief;
  belief.begin(requested_at + 1s);
  EXPECT_TRUE(belief.move(requested_at + 3s));
  EXPECT_EQ(belief.look(requested_at), requested_at + 3s);
  EXPECT_TRUE(belief.move(requested_at + 2s));
  EXPECT_EQ(belief.look(requested_at), requested_at + 2s);
}

TEST(Belief, OnceSeenOverItIsOverEvenForALaterMove) {  // G5
  Belief belief;
  belief.begin(requested_at);
  EXPECT_FALSE(belief.look(requested_at));
  EXPECT_FALSE(belief.move(requested_at + 1h));
  EXPECT_FALSE(belief.look(requested_at - 1s));
}

TEST(Belief, NoReaderSeesItComeBack) {  // G5, under contention
  for (int round = 0; round < 200; ++round) {
    Belief belief;
    belief.begin(requested_at);
    std::vector<std::thread> readers;
    std::atomic<int> revived{0};
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        bool over = false;
        for (int look = 0; look < 200; ++look) {
          const bool held = belief.look(requested_at).has_value();
          if (over && held)
            ++revived;
          if (!held)
            over = true;
        }
      });
    }
    std::thread writer([&] { (void)belief.move(requested_at + 1s); });
    for (auto& reader : readers)
      reader.join();
    writer.join();
    ASSERT_EQ(revived, 0);
  }
}

}  // namespace
}  // namespace exclusive_lock
