#pragma once
// A loop that guests and its own thread run by turns.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/pending.hpp"
#include "stores/redis/loop_turns.hpp"

namespace exclusive_lock::redis {

using ThreadId = std::thread::id;
using Task = std::function<void()>;

// So many at most until one gets the turn: when just it does is not these tests' business.
inline constexpr int many_calls = 1000;

// A loop of a few lines, so that each thread's part in it can be told.
class TaskLoop {
 public:
  [[nodiscard]] LoopTurns::Loop loop() {
    return {.run = [this] { run(); },
            .run_ready = [this] { return run_ready(); },
            .run_handed_in = [this] { return run_ready(); },
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
  [[nodiscard]] int max_runners() const { return max_runners_; }

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
    max_runners_ = std::max(max_runners_.load(), runners);
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
    if (told_ == Told::guests) {
      news_.wait_for(lock, std::chrono::milliseconds(4), is_news);
    } else {
      news_.wait(lock, [&] { return is_news() || told_ == Told::guests; });
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
  std::atomic<int> max_runners_{0};
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
    EXPECT_EQ(loop_.max_runners(), 1);
  }

  void post(Task task) {
    loop_.post(std::move(task));
    turns_.handed_in();
  }

  // A call of this thread that the loop answers: with the thread that did it.
  ThreadId call_as_guest() {
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

  // This thread runs the loop in its calls from now on. False: it never came to that.
  bool become_guest_that_runs() {
    return comes_to_run([this] { return call_as_guest(); });
  }

  TaskLoop loop_;
  LoopTurns turns_{loop_.loop()};
  std::thread own_{[this] { turns_.serve(); }};

 private:
  template <class Call>
  static bool comes_to_run(Call call) {
    for (int i = 0; i < many_calls; ++i) {
      if (call() == std::this_thread::get_id()) {
        return true;
      }
    }
    return false;
  }
};

}  // namespace exclusive_lock::redis
