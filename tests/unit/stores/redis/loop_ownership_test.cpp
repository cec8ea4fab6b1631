// Which thread runs the loop: the table in loop_ownership.hpp.

#include "stores/redis/loop_ownership.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "runtime/pending.hpp"

namespace exclusive_lock::redis {
namespace {

using ThreadId = std::thread::id;

// A loop that has tasks only, and notes what it is told.
class TaskLoop final : public LoopOwnership::Loop {
 public:
  void run() override {
    while (!ownership.is_stopped() && !(ownership.is_finishing() && run_tasks() == 0)) {
      if (run_tasks() == 0 && ownership.begin_waiting()) {
        if (!ownership.is_finishing()) {
          await(is_owner_woken_);
        }
        ownership.end_waiting();
      }
    }
  }
  void run_ready() override { run_tasks(); }
  void run_posted() override { leaves_tasks ? 0 : run_tasks(); }
  void watch(bool on) override { is_watched = on; }
  void sleep(bool for_events) override {
    {
      const std::lock_guard guard(mutex_);
      ++(for_events ? sleeps_for_events_ : sleeps_until_woken_);
    }
    changed_.notify_all();
    await(is_io_thread_woken_);
  }
  void wake_io_thread() override {
    ++io_thread_wake_ups;
    set(is_io_thread_woken_);
  }
  void wake_owner() override { set(is_owner_woken_); }

  // Something happens on a socket that is watched.
  void event() { set(is_io_thread_woken_); }
  void await_sleep_until_woken() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sleeps_until_woken_ > 0; });
  }
  void await_sleep_for_events() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sleeps_for_events_ > 0; });
  }

  LoopOwnership ownership{*this};
  bool is_watched = false;  // under the mutex of `ownership`, as the next one
  int io_thread_wake_ups = 0;
  bool leaves_tasks = false;  // for run_posted()

 private:
  std::size_t run_tasks() {
    LoopOwnership::Tasks tasks;
    ownership.take_tasks(tasks);
    for (const auto& task : tasks) {
      task();
    }
    return tasks.size();
  }
  void set(bool& is_woken) {
    {
      const std::lock_guard guard(mutex_);
      is_woken = true;
    }
    changed_.notify_all();
  }
  void await(bool& is_woken) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_woken; });
    is_woken = false;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_io_thread_woken_ = false;
  bool is_owner_woken_ = false;
  int sleeps_for_events_ = 0;
  int sleeps_until_woken_ = 0;
};

class LoopOwnershipTest : public testing::Test {
 protected:
  ~LoopOwnershipTest() override {
    if (io_thread_.joinable()) {
      loop_.ownership.finish();
      io_thread_.join();
    }
  }

  void start_io_thread() {
    io_thread_ = std::thread([this] { loop_.ownership.serve(); });
  }

  // A call of this thread: on which one it was answered.
  ThreadId call() {
    Pending<ThreadId> answer;
    loop_.ownership.wait(
        [&] { loop_.ownership.post([&] { answer.answer(std::this_thread::get_id()); }); }, answer);
    return answer.take();
  }

  TaskLoop loop_;
  std::thread io_thread_;
};

TEST_F(LoopOwnershipTest, OnlyCallerRunsTheLoopAndWakesNoThread) {
  EXPECT_EQ(call(), std::this_thread::get_id());
  EXPECT_EQ(loop_.io_thread_wake_ups, 0);
}

TEST_F(LoopOwnershipTest, LoopIsWatchedWhileItHasNoOwner) {
  bool was_watched = true;
  Pending<int> end;
  loop_.ownership.wait(
      [&] {
        loop_.ownership.post([&] {
          was_watched = loop_.is_watched;
          end.answer(1);
        });
      },
      end);
  EXPECT_FALSE(was_watched);
  EXPECT_TRUE(loop_.is_watched);
}

TEST_F(LoopOwnershipTest, TasksWithoutAnOwnerWakeTheIoThreadOnce) {
  Pending<ThreadId> answer;
  loop_.ownership.post([] {});
  loop_.ownership.post([&] { answer.answer(std::this_thread::get_id()); });
  EXPECT_EQ(loop_.io_thread_wake_ups, 1);
  start_io_thread();
  answer.wait();
  EXPECT_EQ(answer.take(), io_thread_.get_id());
}

TEST_F(LoopOwnershipTest, OnlyCallerThatCameMeanwhileHasTheLoopAfterTheIoThread) {
  Pending<int> is_running;
  Pending<int> has_joined;
  loop_.ownership.post([&] {
    is_running.answer(1);
    has_joined.wait();
  });
  start_io_thread();
  is_running.wait();
  Pending<ThreadId> end;
  loop_.ownership.wait(
      [&] {
        // The I/O thread takes tasks once in its turn, before this one is posted.
        loop_.ownership.post([&] { end.answer(std::this_thread::get_id()); });
        has_joined.answer(1);
      },
      end);
  EXPECT_EQ(end.take(), std::this_thread::get_id());
}

TEST_F(LoopOwnershipTest, LeaderThatLeavesTasksWakesTheIoThread) {
  loop_.leaves_tasks = true;
  Pending<ThreadId> later;
  Pending<int> end;
  loop_.ownership.wait(
      [&] {
        loop_.ownership.post([&] {
          loop_.ownership.post([&] { later.answer(std::this_thread::get_id()); });
          end.answer(1);
        });
      },
      end);
  EXPECT_EQ(loop_.io_thread_wake_ups, 1);
  start_io_thread();
  later.wait();
  EXPECT_EQ(later.take(), io_thread_.get_id());
}

// A socket that was hung up, for example, wakes again and again until the leader has read it.
TEST_F(LoopOwnershipTest, IoThreadThatIsWokenBesideALeaderSleepsUntilTheLeaderLeaves) {
  start_io_thread();
  loop_.await_sleep_for_events();
  Pending<int> end;
  loop_.ownership.wait(
      [&] {
        loop_.event();
        loop_.await_sleep_until_woken();
        EXPECT_EQ(loop_.io_thread_wake_ups, 0);
        loop_.ownership.post([&] { end.answer(1); });
      },
      end);
  EXPECT_EQ(loop_.io_thread_wake_ups, 1);
}

TEST_F(LoopOwnershipTest, WhatBeginPostsBeforeItThrowsIsRun) {
  bool was_run = false;
  const auto begin = [&] {
    loop_.ownership.post([&] { was_run = true; });
    throw std::runtime_error("no memory");
  };
  Pending<int> end;
  EXPECT_THROW(loop_.ownership.wait(begin, end), std::runtime_error);
  EXPECT_TRUE(was_run);
  end.answer(1);  // notifies no caller any more
}

TEST_F(LoopOwnershipTest, WhatBeginPostsBeforeItThrowsIsRunAlsoWhereAnotherThreadIsToRunTheLoop) {
  loop_.ownership.begin_keep_alive();
  Pending<int> was_run;
  const auto begin = [&] {
    loop_.ownership.post([&] { was_run.answer(1); });
    throw std::runtime_error("no memory");
  };
  Pending<int> end;
  EXPECT_THROW(loop_.ownership.wait(begin, end), std::runtime_error);
  EXPECT_EQ(loop_.io_thread_wake_ups, 1);
  start_io_thread();
  was_run.wait();
  loop_.ownership.post([&] { loop_.ownership.end_keep_alive(); });
}

TEST_F(LoopOwnershipTest, KeptAliveTheIoThreadServesCallers) {
  start_io_thread();
  Pending<int> begun;
  loop_.ownership.post([&] {
    loop_.ownership.begin_keep_alive();
    begun.answer(1);
  });
  begun.wait();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(call(), io_thread_.get_id());
  }
  loop_.ownership.post([&] { loop_.ownership.end_keep_alive(); });
  EXPECT_NE(call(), ThreadId());
}

TEST_F(LoopOwnershipTest, ReplyThatComesInlineNeedsNoLoop) {
  Pending<int> end;
  loop_.ownership.wait([&] { end.answer(3); }, end);
  EXPECT_EQ(end.take(), 3);
}

TEST_F(LoopOwnershipTest, FinishEndsALeadersTurn) {
  start_io_thread();
  Pending<int> end;
  std::thread closer;
  loop_.ownership.wait(
      [&] {
        closer = std::thread([&] {
          loop_.ownership.post([&] { end.answer(1); });
          loop_.ownership.finish();
        });
      },
      end);
  closer.join();
  io_thread_.join();
  Pending<int> after;
  loop_.ownership.wait([&] { after.answer(2); }, after);
  EXPECT_EQ(after.take(), 2);
}

}  // namespace
}  // namespace exclusive_lock::redis
