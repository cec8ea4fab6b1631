#include "runtime/belief.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1h};

TEST(Belief, IsNoneBeforeItBeginsAndAfterItEnds) {
  Belief belief;
  EXPECT_FALSE(belief.look(start));
  belief.begin(start + 1s);
  EXPECT_EQ(belief.look(start), start + 1s);
  belief.end();
  EXPECT_FALSE(belief.look(start));
  EXPECT_FALSE(belief.move(start + 2s));
}

TEST(Belief, EndsAtTheInstantItselfNotBehindIt) {
  Belief belief;
  belief.begin(start);
  EXPECT_TRUE(belief.look(start - 1ns));
  EXPECT_FALSE(belief.look(start));
}

TEST(Belief, MovesBothWays) {
  Belief belief;
  belief.begin(start + 1s);
  EXPECT_TRUE(belief.move(start + 3s));
  EXPECT_EQ(belief.look(start), start + 3s);
  EXPECT_TRUE(belief.move(start + 2s));
  EXPECT_EQ(belief.look(start), start + 2s);
}

TEST(Belief, OnceSeenOverItIsOverEvenForALaterMove) {  // G5
  Belief belief;
  belief.begin(start);
  EXPECT_FALSE(belief.look(start));
  EXPECT_FALSE(belief.move(start + 1h));
  EXPECT_FALSE(belief.look(start - 1s));
}

TEST(Belief, NoReaderSeesItComeBack) {  // G5, under contention
  for (int round = 0; round < 200; ++round) {
    Belief belief;
    belief.begin(start);
    std::vector<std::thread> readers;
    std::atomic<int> revived{0};
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        bool over = false;
        for (int look = 0; look < 200; ++look) {
          const bool held = belief.look(start).has_value();
          if (over && held)
            ++revived;
          if (!held)
            over = true;
        }
      });
    }
    std::thread writer([&] { (void)belief.move(start + 1s); });
    for (auto& reader : readers)
      reader.join();
    writer.join();
    ASSERT_EQ(revived, 0);
  }
}

}  // namespace
}  // namespace exclusive_lock
