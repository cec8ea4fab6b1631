#include "runtime/notifier_thread.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include "os/quiet_thread.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

TEST(NotifierThread, InOrderTasksRunOneAfterTheOther) {
  NotifierThread notifier;
  std::vector<int> order;  // of one thread
  std::binary_semaphore done{0};
  for (int i = 0; i < 100; ++i)
    notifier.post([&order, i] { order.push_back(i); });
  notifier.post([&] { done.release(); });
  done.acquire();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(NotifierThread, IndependentTasksDoNotWaitForThoseThatBlock) {
  constexpr int blocked = 3;
  NotifierThread notifier(1ms);
  std::counting_semaphore<> gate{0};
  std::counting_semaphore<> ran{0};
  for (int i = 0; i < 10; ++i) {
    if (i < blocked)
      notifier.post([&] { gate.acquire(); });
    notifier.post([&] { ran.release(); });
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(ran.try_acquire_for(20s)) << i;
  gate.release(blocked);
}

// What a callback starts must not find all signals blocked.
TEST(NotifierThread, EachOfItsThreadsHasTheSignalsOfTheOneThatMadeIt) {
  NotifierThread notifier(1ms);
  std::binary_semaphore gate{0};
  std::binary_semaphore began{0};
  std::binary_semaphore ran{0};
  sigset_t signals{};
  std::thread quiet = quiet_thread([&] {
    notifier.post([&] {
      began.release();
      gate.acquire();
    });
    began.acquire();  // so that the next one needs another thread, which this one starts
    notifier.post([&] {
      ::pthread_sigmask(SIG_SETMASK, nullptr, &signals);
      ran.release();
    });
  });
  ran.acquire();
  gate.release();
  quiet.join();
  EXPECT_EQ(sigismember(&signals, SIGTERM), 0);
}

TEST(NotifierThread, MayBeDestroyedByATaskWhileAnotherOneRuns) {
  auto notifier = std::make_unique<NotifierThread>(1ms);
  std::binary_semaphore gate{0};
  std::binary_semaphore destroyed{0};
  notifier->post([&] { gate.acquire(); });
  notifier->post([&] {
    gate.release();
    notifier.reset();
    destroyed.release();
  });
  EXPECT_TRUE(destroyed.try_acquire_for(20s));
}

}  // namespace
}  // namespace exclusive_lock
