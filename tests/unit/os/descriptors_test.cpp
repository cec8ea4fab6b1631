#include "os/descriptors.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// A program may have closed its standard input.
TEST(Descriptor, ZeroIsOneLikeAnyOther) {
  const int kept = ::dup(0);
  ::close(0);
  {
    const Descriptor zero(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(zero.get(), 0);
    EXPECT_TRUE(zero.is_open());
  }
  EXPECT_EQ(::fcntl(0, F_GETFD), -1) << "closed by its owner";
  if (kept >= 0) {
    ::dup2(kept, 0);
    ::close(kept);
  }
}

TEST(Descriptor, AssignmentClosesTheOldOneAtOnce) {
  Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int old = file.get();
  Descriptor other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  file = std::move(other);
  EXPECT_EQ(::fcntl(old, F_GETFD), -1);
  EXPECT_FALSE(other.is_open());  // NOLINT(bugprone-use-after-move): it is empty
  EXPECT_TRUE(file.is_open());
}

TEST(EventDescriptor, IsReadableOnceAfterAnyNumberOfSends) {
  const EventDescriptor event;
  EXPECT_FALSE(event.receive());
  event.send();
  event.send();
  EXPECT_TRUE(event.receive());
  EXPECT_FALSE(event.receive());
}

TEST(BootTimer, InstantInThePastHasExpiredAndNoneNeverDoes) {
  const BootTimer timer;
  timer.set(BootClock::now() + 1h);
  EXPECT_FALSE(timer.has_expired());
  timer.set(Instant{});
  EXPECT_TRUE(timer.has_expired());
  EXPECT_FALSE(timer.has_expired());
  timer.set(std::nullopt);
  EXPECT_FALSE(timer.has_expired());
}

}  // namespace
}  // namespace exclusive_lock
