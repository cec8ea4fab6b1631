// The event loop with its I/O thread and callers; a pipe stands for a socket.

#include "stores/redis/event_loop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/pending.hpp"
#include "stores/redis/event_loop_impl.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;
using ThreadId = std::thread::id;

constexpr int many_calls = 1000;

class ReadPipe final : public SocketReader {
 public:
  explicit ReadPipe(std::function<void()> on_data) : on_data_(std::move(on_data)) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
  }
  ~ReadPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  ReadPipe(const ReadPipe&) = delete;
  ReadPipe& operator=(const ReadPipe&) = delete;

  [[nodiscard]] int out() const { return ends_[0]; }
  void fill() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

  void read_ready() override {
    char byte = 0;
    EXPECT_EQ(::read(ends_[0], &byte, 1), 1);
    on_data_();
  }
  bool expects_data() const override { return true; }

 private:
  std::array<int, 2> ends_{};
  const std::function<void()> on_data_;
};

class EventLoopTest : public testing::Test {
 protected:
  // Runs `task` on the loop's thread and waits for its end there: on which thread.
  ThreadId run(const std::function<void()>& task) {
    Pending<ThreadId> done;
    loop_.post([&] {
      task();
      done.answer(std::this_thread::get_id());
    });
    done.wait();
    return done.take();
  }

  ThreadId call_as_leader() {
    Pending<ThreadId> answer;
    loop_.wait([&] { loop_.post([&] { answer.answer(std::this_thread::get_id()); }); }, answer);
    return answer.take();
  }

  EventLoop loop_{Lookups::none};
};

TEST_F(EventLoopTest, TasksRunOnTheIoThreadInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    loop_.post([&order, i] { order.push_back(i); });
  }
  const ThreadId io_thread = run([] {});
  EXPECT_NE(io_thread, std::this_thread::get_id());
  EXPECT_EQ(run([] {}), io_thread);
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(EventLoopTest, CallerThatWaitsRunsTheLoop) {
  int led = 0;
  for (int i = 0; i < many_calls; ++i) {  // the I/O thread may be at work with the one before
    led += call_as_leader() == std::this_thread::get_id() ? 1 : 0;
  }
  EXPECT_GT(led, 0);
}

TEST_F(EventLoopTest, DataWakesTheIoThread) {
  Pending<ThreadId> read_by;
  ReadPipe pipe([&] { read_by.answer(std::this_thread::get_id()); });
  const ThreadId io_thread = run([&] { ASSERT_TRUE(loop_.impl().add(pipe.out(), &pipe)); });
  pipe.fill();
  read_by.wait();
  EXPECT_EQ(read_by.take(), io_thread);
  run([&] { loop_.impl().remove(pipe.out()); });
}

TEST_F(EventLoopTest, DataWakesALeader) {
  Pending<int> end;
  ReadPipe pipe([&] { end.answer(1); });
  run([&] { ASSERT_TRUE(loop_.impl().add(pipe.out(), &pipe)); });
  loop_.wait([&] { pipe.fill(); }, end);
  EXPECT_EQ(end.take(), 1);
  run([&] { loop_.impl().remove(pipe.out()); });
}

TEST_F(EventLoopTest, TimerWakesTheIoThread) {
  Pending<ThreadId> woken;
  LoopTimer timer(loop_, [&] { woken.answer(std::this_thread::get_id()); });
  const Instant at = BootClock::now() + 5ms;
  const ThreadId io_thread = run([&] { timer.set(at); });
  woken.wait();
  EXPECT_GE(BootClock::now(), at);
  EXPECT_EQ(woken.take(), io_thread);
  loop_.finish();  // before the timer ends
}

// The same while a connection is made, when the I/O thread keeps the loop.
TEST_F(EventLoopTest, FloodOfTasksDoesNotKeepDataFromBeingRead) {
  for (const bool is_kept_alive : {false, true}) {
    std::atomic<bool> was_read = false;
    Pending<int> end;
    ReadPipe pipe([&] { was_read = true; });
    run([&] {
      ASSERT_TRUE(loop_.impl().add(pipe.out(), &pipe));
      if (is_kept_alive) {
        loop_.impl().ownership.begin_keep_alive();
      }
    });
    const std::function<void()> flood = [&] {
      was_read ? end.answer(1) : loop_.post([&] { flood(); });
    };
    loop_.wait(
        [&] {
          loop_.post([&] {
            pipe.fill();
            flood();
          });
        },
        end);
    run([&] {
      loop_.impl().remove(pipe.out());
      if (is_kept_alive) {
        loop_.impl().ownership.end_keep_alive();
      }
    });
  }
}

TEST_F(EventLoopTest, AllCallersOfACrowdAreServed) {
  constexpr int threads = 6;
  std::atomic<int> answers{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < threads; ++i) {
    crowd.emplace_back([&, leads = i % 2 == 0] {
      for (int round = 0; round < many_calls; ++round) {
        leads ? call_as_leader() : run([] {});
        ++answers;
      }
    });
  }
  for (std::thread& each : crowd) {
    each.join();
  }
  EXPECT_EQ(answers, threads * many_calls);
}

TEST_F(EventLoopTest, PostFromALeadersTaskIsRunAlsoWhenTheLeaderLeaves) {
  for (int i = 0; i < many_calls; ++i) {
    Pending<int> end;
    Pending<int> later;
    loop_.wait(
        [&] {
          loop_.post([&] {
            loop_.post([&] { later.answer(2); });
            end.answer(1);
          });
        },
        end);
    later.wait();
  }
}

TEST_F(EventLoopTest, TasksOfOthersAreRunAlsoWhenTheLeaderLeaves) {
  Pending<int> of_another_thread;
  Pending<int> end;
  std::thread other;
  loop_.wait(
      [&] {
        other = std::thread([&] {
          loop_.post([&] { end.answer(1); });
          loop_.post([&] { of_another_thread.answer(1); });
        });
      },
      end);
  of_another_thread.wait();
  other.join();
}

}  // namespace
}  // namespace exclusive_lock::redis
