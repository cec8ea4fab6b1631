// Who runs the loop: with a loop of a few lines, so that each thread's part in it can be told.

#include "stores/redis/loop_turns.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/pending.hpp"

namespace exclusive_lock::redis {
namespace {

using ThreadId = std::thread::id;
using Task = std::function<void()>;

// What guests that come one at a time need at most until one gets the turn: the own thread's look
// and the number of guests are not this test's business.
constexpr int many_visits = 1000;

class TaskLoop {
 public:
  [[nodiscard]] LoopTurns::Loop loop() {
    return {.run = [this] { run(); },
            .run_ready = [this] { return run_ready(); },
            .tell = [this](Told told) { change([this, told] { told_ = told; }); },
            .stop = [this] { change([this] { is_stopped_ = true; }); },
            .restart = [this] { change([this] { is_stopped_ = false; }); },
            .await_news = [this] { await_news(); },
            .ring = [this] { change([this] { is_rung_ = true; }); }};
  }
  void post(Task task) {
    change([&] { tasks_.push_back(std::move(task)); });
  }
  void finish() {
    change([this] { is_finished_ = true; });
  }
  [[nodiscard]] Told told() const { return told_; }
  [[nodiscard]] int most_runners() const { return most_runners_; }

 private:
  template <class Change>
  void change(Change change) {
    {
      const std::lock_guard guard(mutex_);
      change();
    }
    news_.notify_all();
  }

  void run() {
    run_while([this] { return is_stopped_ || is_finished_ || !tasks_.empty(); });
  }

  bool run_ready() {
    return run_while([] { return true; }) > 0;
  }

  // Tasks, until there is none where `may_look` was waited for; how many.
  int run_while(const std::function<bool()>& may_look) {
    int done = 0;
    const int runners = ++runners_;
    most_runners_ = std::max(most_runners_.load(), runners);
    std::unique_lock lock(mutex_);
    for (;;) {
      news_.wait(lock, may_look);
      if (is_stopped_ || tasks_.empty()) {
        break;
      }
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      ++done;
      lock.lock();
    }
    --runners_;
    return done;
  }

  void await_news() {
    std::unique_lock lock(mutex_);
    const auto is_news = [this] {
      return is_rung_ || (told_ == Told::own_thread && !tasks_.empty());
    };
    if (told_ == Told::visitors) {
      news_.wait_for(lock, std::chrono::milliseconds(4), is_news);
    } else {
      news_.wait(lock, [&] { return is_news() || told_ == Told::visitors; });
    }
    is_rung_ = false;
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Task> tasks_;
  bool is_rung_ = false;
  bool is_stopped_ = false;
  bool is_finished_ = false;
  std::atomic<Told> told_{Told::nobody};
  std::atomic<int> runners_{0};
  std::atomic<int> most_runners_{0};
};

class LoopTurnsTest : public testing::Test {
 protected:
  ~LoopTurnsTest() override { finish(); }

  void finish() {
    if (own_.joinable()) {
      turns_.finish();
      loop_.finish();
      own_.join();
    }
    EXPECT_EQ(loop_.most_runners(), 1);
  }

  void post(Task task) {
    loop_.post(std::move(task));
    turns_.handed_in();
  }

  // A call of this thread that the loop answers: with the thread that did it.
  ThreadId visit() {
    Pending<ThreadId> answer;
    turns_.wait([&] { post([&] { answer.answer(std::this_thread::get_id()); }); }, answer);
    return answer.take();
  }

  // The same from a thread that does not lend itself.
  ThreadId ask_from_outside() {
    Pending<ThreadId> answer;
    post([&] { answer.answer(std::this_thread::get_id()); });
    answer.wait();
    return answer.take();
  }

  // This thread runs the loop in its visits from now on. False: it never came to that.
  bool become_guest_that_runs() {
    for (int i = 0; i < many_visits; ++i) {
      if (visit() == std::this_thread::get_id()) {
        return true;
      }
    }
    return false;
  }

  // A call of this thread, which comes for it in a visit: with the thread that did it.
  ThreadId call_and_visit() {
    Pending<ThreadId> answer;
    turns_.hand_in([&] { post([&] { answer.answer(std::this_thread::get_id()); }); });
    turns_.visit(VisitFor::handed_in);
    answer.wait();
    return answer.take();
  }

  // This thread's visits run the loop from now on. False: it never came to that.
  bool become_visitor() {
    for (int i = 0; i < many_visits; ++i) {
      if (call_and_visit() == std::this_thread::get_id()) {
        return true;
      }
    }
    return false;
  }

  TaskLoop loop_;
  LoopTurns turns_{loop_.loop()};
  std::thread own_{[this] { turns_.serve(); }};
};

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
      for (int round = 0; round < many_visits; ++round) {
        visit();
        ++answers;
      }
    });
  }
  for (std::thread& each : crowd) {
    each.join();
  }
  EXPECT_EQ(answers, threads * many_visits);
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

// --- visitors ---

TEST_F(LoopTurnsTest, VisitorThatComesAgainAndAgainRunsTheLoop) {
  ASSERT_TRUE(become_visitor());
  EXPECT_EQ(loop_.told(), Told::visitors);
}

TEST_F(LoopTurnsTest, NewsAreAVisitors) {
  ASSERT_TRUE(become_visitor());
  Pending<ThreadId> news;
  loop_.post([&] { news.answer(std::this_thread::get_id()); });
  const bool goes_on = turns_.visit(VisitFor::news);
  news.wait();
  if (goes_on) {  // else the own thread had taken over
    EXPECT_EQ(news.take(), std::this_thread::get_id());
  }
}

TEST_F(LoopTurnsTest, VisitForNewsThatAreNoneIsTheLast) {
  ASSERT_TRUE(become_visitor());
  EXPECT_FALSE(turns_.visit(VisitFor::news));
  EXPECT_EQ(loop_.told(), Told::own_thread);
}

// What a visitor handed in and does not come for, and the news that it leaves lying.
TEST_F(LoopTurnsTest, OwnThreadTakesOverWhenNoVisitorComesAnyMore) {
  ASSERT_TRUE(become_visitor());
  Pending<ThreadId> handed_in;
  turns_.hand_in([&] { post([&] { handed_in.answer(std::this_thread::get_id()); }); });
  handed_in.wait();
  EXPECT_EQ(handed_in.take(), own_.get_id());
  while (loop_.told() == Told::visitors) {  // two would be woken by everything
    std::this_thread::yield();
  }
}

TEST_F(LoopTurnsTest, OwnThreadDoesWhatOthersHandInBetweenVisits) {
  ASSERT_TRUE(become_visitor());
  EXPECT_EQ(ask_from_outside(), own_.get_id());
}

TEST_F(LoopTurnsTest, VisitorLeavesTheLoopToAGuest) {
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

TEST_F(LoopTurnsTest, AllOfACrowdOfGuestsAndVisitorsAreServed) {
  constexpr int threads = 3;
  std::atomic<int> answers{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < threads; ++i) {
    crowd.emplace_back([&] {
      for (int round = 0; round < many_visits; ++round) {
        visit();
        ++answers;
      }
    });
    crowd.emplace_back([&] {
      for (int round = 0; round < many_visits; ++round) {
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
      for (int round = 0; round < many_visits; ++round) {
        ask_from_outside();
        ++answers;
      }
    });
  }
  for (std::thread& each : crowd) {
    each.join();
  }
  EXPECT_EQ(answers, 3 * threads * many_visits);
}

TEST_F(LoopTurnsTest, VisitAfterTheEndDoesNothing) {
  ASSERT_TRUE(become_visitor());
  finish();
  EXPECT_FALSE(turns_.visit(VisitFor::handed_in));
  EXPECT_FALSE(turns_.visit(VisitFor::news));
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
