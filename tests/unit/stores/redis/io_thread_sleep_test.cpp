// What wakes the I/O thread while it does not own the loop.

#include "stores/redis/io_thread_sleep.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <system_error>

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;

TEST(IoThreadSleep, WithoutDescriptorsItIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(IoThreadSleep(), std::system_error);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// Stands for a socket.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int out() const { return ends_[0]; }
  void fill() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

 private:
  std::array<int, 2> ends_{};
};

// Each call of these returns, or the test does not end.

TEST(IoThreadSleep, AWatchedSocketWakes) {
  const Pipe socket;
  const IoThreadSleep sleep;
  ASSERT_TRUE(sleep.add(socket.out()));
  sleep.watch(socket.out(), true);
  socket.fill();
  sleep.until_event();
}

TEST(IoThreadSleep, ASocketThatIsNotWatchedDoesNotWake) {
  const Pipe socket;
  IoThreadSleep sleep;
  ASSERT_TRUE(sleep.add(socket.out()));
  sleep.watch(socket.out(), true);
  sleep.watch(socket.out(), false);
  socket.fill();
  const Instant at = BootClock::now() + 5ms;
  sleep.set_alarm(at);
  sleep.until_event();
  EXPECT_GE(BootClock::now(), at);
}

TEST(IoThreadSleep, AnAlarmOfThePastWakesAtOnceAndOnlyOnce) {
  IoThreadSleep sleep;
  sleep.set_alarm(Instant{});
  sleep.until_event();
  const Instant at = BootClock::now() + 5ms;
  sleep.set_alarm(at);
  sleep.until_event();
  EXPECT_GE(BootClock::now(), at);
}

TEST(IoThreadSleep, OneWakeUpEndsOneSleep) {
  const Pipe socket;
  IoThreadSleep sleep;
  sleep.wake_up();
  sleep.until_woken();
  sleep.wake_up();
  sleep.until_event();
  const Instant at = BootClock::now() + 5ms;
  sleep.set_alarm(at);
  sleep.until_event();
  EXPECT_GE(BootClock::now(), at);
}

TEST(IoThreadSleep, UntilWokenLooksAtNoSocket) {
  const Pipe socket;
  const IoThreadSleep sleep;
  ASSERT_TRUE(sleep.add(socket.out()));
  sleep.watch(socket.out(), true);
  socket.fill();
  sleep.wake_up();
  sleep.until_woken();
  sleep.until_event();  // of the socket
}

}  // namespace
}  // namespace exclusive_lock::redis
