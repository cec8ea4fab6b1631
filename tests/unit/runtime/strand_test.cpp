#include "runtime/strand.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace exclusive_lock {
namespace {

TEST(Strand, RunsATaskAtOnceOnTheThreadThatPostsIt) {
  Strand strand;
  std::thread::id ran_on;
  strand.post([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Strand, TaskPostedByATaskRunsAfterIt) {
  Strand strand;
  std::vector<int> order;
  strand.post([&] {
    strand.post([&] { order.push_back(2); });
    order.push_back(1);
  });
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Strand, TasksOfManyThreadsNeverOverlapAndNoneIsLost) {
  constexpr int threads = 8;
  constexpr int tasks = 2000;
  Strand strand;
  int plain_counter = 0;  // TSan and the sum tell if two tasks ever overlap
  {
    std::vector<std::jthread> posting;
    for (int i = 0; i < threads; ++i) {
      posting.emplace_back([&] {
        for (int task = 0; task < tasks; ++task)
          strand.post([&] { ++plain_counter; });
      });
    }
  }
  strand.post([] {});  // whatever was left is run by now, or by this
  EXPECT_EQ(plain_counter, threads * tasks);
}

TEST(Strand, KeepsTheOrderOfManyTasksThatOneTaskPosts) {
  Strand strand;
  std::vector<int> order;
  strand.post([&] {
    for (int i = 0; i < 100; ++i)
      strand.post([&order, i] { order.push_back(i); });
  });
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Strand, TaskThatThrowsLeavesAStrandThatWorks) {
  Strand strand;
  EXPECT_THROW(strand.post([] { throw std::runtime_error("out of memory, say"); }),
               std::runtime_error);
  bool ran = false;
  strand.post([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(Strand, TasksLeftToOneThatThrowsRunBeforeItThrows) {
  Strand strand;
  int ran = 0;
  const auto two_tasks_and_a_throw = [&] {
    strand.post([&] {
      ++ran;
      throw std::runtime_error("the second");
    });
    strand.post([&] { ++ran; });
    throw std::logic_error("the first");
  };
  EXPECT_THROW(strand.post(two_tasks_and_a_throw), std::logic_error);
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace exclusive_lock
