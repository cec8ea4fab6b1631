// What the own thread of a loop waits for.

#include "stores/redis/news_descriptor.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace exclusive_lock::redis {
namespace {

TEST(NewsDescriptor, WithoutDescriptorsItIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(NewsDescriptor(), std::system_error);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// A pipe with something in it.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    EXPECT_EQ(::write(ends_[1], "x", 1), 1);
  }
  ~FullPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  [[nodiscard]] int out() const { return ends_[0]; }

 private:
  std::array<int, 2> ends_{};
};

bool tells(const NewsDescriptor& news) {
  pollfd watched{.fd = news.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

TEST(NewsDescriptor, TellsOfThoseThatAreSwitchedOn) {
  const FullPipe one;
  const FullPipe other;
  NewsDescriptor news;
  ASSERT_TRUE(news.add(one.out()));
  ASSERT_TRUE(news.add(other.out()));
  EXPECT_FALSE(tells(news));
  news.turn(one.out(), true);
  news.turn(other.out(), true);
  EXPECT_TRUE(tells(news));
  news.turn(one.out(), false);
  EXPECT_TRUE(tells(news));
  news.remove(other.out());
  EXPECT_FALSE(tells(news));
}

}  // namespace
}  // namespace exclusive_lock::redis
