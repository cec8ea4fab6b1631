// Who runs the loop where visitors come.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/pending.hpp"
#include "unit/stores/redis/loop_turns_fixture.hpp"

namespace exclusive_lock::redis {
namespace {

class LoopTurnsVisitors : public LoopTurnsTest {};

TEST_F(LoopTurnsVisitors, VisitorThatComesAgainAndAgainRunsTheLoop) {
  ASSERT_TRUE(become_visitor());
  EXPECT_EQ(loop_.told(), Told::visitors);
}

TEST_F(LoopTurnsVisitors, NewsAreAVisitors) {
  ASSERT_TRUE(become_visitor());
  Pending<ThreadId> news;
  loop_.post([&] { news.answer(std::this_thread::get_id()); });
  const bool goes_on = turns_.visit(VisitFor::news);
  news.wait();
  if (goes_on) {  // else the own thread had taken over
    EXPECT_EQ(news.take(), std::this_thread::get_id());
  }
}

TEST_F(LoopTurnsVisitors, VisitForNewsThatAreNoneIsTheLast) {
  ASSERT_TRUE(become_visitor());
  EXPECT_FALSE(turns_.visit(VisitFor::news));
  EXPECT_EQ(loop_.told(), Told::own_thread);
}

// What a visitor handed in and does not come for, and the news that it leaves lying.
TEST_F(LoopTurnsVisitors, OwnThreadTakesOverWhenNoVisitorComesAnyMore) {
  ASSERT_TRUE(become_visitor());
  Pending<ThreadId> handed_in;
  turns_.hand_in([&] { post([&] { handed_in.answer(std::this_thread::get_id()); }); });
  handed_in.wait();
  EXPECT_EQ(handed_in.take(), own_.get_id());
  while (loop_.told() == Told::visitors) {  // two would be woken by everything
    std::this_thread::yield();
  }
}

TEST_F(LoopTurnsVisitors, OwnThreadDoesWhatOthersHandInBetweenVisits) {
  ASSERT_TRUE(become_visitor());
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsVisitors, VisitorLeavesTheLoopToAGuest) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<int> end;
  Pending<ThreadId> for_visitor;
  std::thread visitor;
  ThreadId visitor_id;
  turns_.wait(
      [&] {
        visitor = std::thread([&] {
          visitor_id = std::this_thread::get_id();
          turns_.hand_in([&] { post([&] { for_visitor.answer(std::this_thread::get_id()); }); });
          turns_.visit(VisitFor::handed_in);
          for_visitor.wait();
          post([&] { end.answer(1); });
        });
      },
      end);
  visitor.join();
  EXPECT_NE(for_visitor.take(), visitor_id);
}

TEST_F(LoopTurnsVisitors, AllOfACrowdOfGuestsAndVisitorsAreServed) {
  constexpr int threads = 3;
  std::atomic<int> answers{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < threads; ++i) {
    crowd.emplace_back([&] {
      for (int round = 0; round < many_calls; ++round) {
        call_as_guest();
        ++answers;
      }
    });
    crowd.emplace_back([&] {
      for (int round = 0; round < many_calls; ++round) {
        Pending<int> answer;
        turns_.hand_in([&] { post([&] { answer.answer(1); }); });
        if (turns_.visit(VisitFor::handed_in) && round % 2 == 0) {
          turns_.visit(VisitFor::news);
        }
        answer.wait();
        ++answers;
      }
    });
    crowd.emplace_back([&] {
      for (int round = 0; round < many_calls; ++round) {
        ask_from_outside();
        ++answers;
      }
    });
  }
  for (std::thread& each : crowd) {
    each.join();
  }
  EXPECT_EQ(answers, 3 * threads * many_calls);
}

TEST_F(LoopTurnsVisitors, VisitAfterTheEndDoesNothing) {
  ASSERT_TRUE(become_visitor());
  finish();
  EXPECT_FALSE(turns_.visit(VisitFor::handed_in));
  EXPECT_FALSE(turns_.visit(VisitFor::news));
}

}  // namespace
}  // namespace exclusive_lock::redis
