// Who runs the loop: its own thread, or a guest.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/pending.hpp"
#include "unit/stores/redis/loop_turns_fixture.hpp"

namespace exclusive_lock::redis {
namespace {

TEST_F(LoopTurnsTest, OwnThreadServesWhoDoesNotWaitHere) {
  EXPECT_EQ(ask_from_outside(), own_.get_id());
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsTest, GuestThatComesAgainAndAgainRunsTheLoop) {
  EXPECT_TRUE(become_guest_that_runs());
}

TEST_F(LoopTurnsTest, OwnThreadDoesWhatIsHandedInWhileNobodyRunsTheLoop) {
  ASSERT_TRUE(become_guest_that_runs());
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsTest, NobodyIsToldBetweenGuestsThatFollowSoon) {
  for (int i = 0; i < many_calls && loop_.told() != Told::guests; ++i) {
    call_as_guest();
  }
  EXPECT_EQ(loop_.told(), Told::guests);
}

// Nothing is handed in: it comes over the network, so to speak.
TEST_F(LoopTurnsTest, OwnThreadTakesOverByItselfWhenNoGuestComesAnyMore) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<ThreadId> done;
  loop_.post([&] { done.answer(std::this_thread::get_id()); });
  done.wait();
  EXPECT_EQ(done.take(), own_.get_id());
}

TEST_F(LoopTurnsTest, GuestIsServedAlsoWhenItWaitsForLong) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<int> end;
  std::thread other;
  turns_.wait(
      [&] {
        other = std::thread([&] {
          // Longer than the own thread looks at one guest.
          for (int i = 0; i < 50; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            ask_from_outside();
          }
          end.answer(7);
        });
      },
      end);
  other.join();
  EXPECT_EQ(end.take(), 7);
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsTest, AnswerToOthersDoesNotWaitForTheNextGuest) {
  ASSERT_TRUE(become_guest_that_runs());
  // Handed in by somebody else while a guest runs the loop, and done after it has left.
  Pending<ThreadId> for_others;
  Pending<int> end;
  std::thread other;
  turns_.wait(
      [&] {
        other = std::thread([&] {
          post([&] { end.answer(1); });
          post([&] { for_others.answer(std::this_thread::get_id()); });
        });
      },
      end);
  for_others.wait();
  other.join();
}

TEST_F(LoopTurnsTest, WhatTheLoopItselfHandsInIsDoneAlsoWhenTheGuestLeaves) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<int> end;
  Pending<int> later;
  turns_.wait(
      [&] {
        post([&] {
          post([&] { later.answer(2); });
          end.answer(1);
        });
      },
      end);
  later.wait();
  EXPECT_EQ(later.take(), 2);
}

TEST_F(LoopTurnsTest, AllOfACrowdAreServed) {
  constexpr int threads = 8;
  std::atomic<int> answers{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < threads; ++i) {
    crowd.emplace_back([&] {
      for (int round = 0; round < many_calls; ++round) {
        call_as_guest();
        ++answers;
      }
    });
  }
  for (std::thread& each : crowd) {
    each.join();
  }
  EXPECT_EQ(answers, threads * many_calls);
}

TEST_F(LoopTurnsTest, AnswerThatComesInlineNeedsNoLoop) {
  Pending<int> end;
  turns_.wait([&] { end.answer(3); }, end);
  EXPECT_EQ(end.take(), 3);
}

TEST_F(LoopTurnsTest, WhatBeginThrowsIsPassedOnAndTheTurnGivenBack) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<int> end;
  EXPECT_THROW(turns_.wait([] { throw std::runtime_error("no memory"); }, end), std::runtime_error);
  end.answer(1);  // nobody is told any more
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsTest, EndOfTheLoopEndsAGuestsTurn) {
  ASSERT_TRUE(become_guest_that_runs());
  Pending<int> end;
  std::thread closer;
  turns_.wait(
      [&] {
        closer = std::thread([&] {
          post([&] { end.answer(1); });
          turns_.finish();
          loop_.finish();
        });
      },
      end);
  closer.join();
  own_.join();
  Pending<int> after;
  turns_.wait([&] { after.answer(2); }, after);
  EXPECT_EQ(after.take(), 2);
}

}  // namespace
}  // namespace exclusive_lock::redis
