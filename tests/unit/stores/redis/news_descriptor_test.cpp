// The descriptor that an event loop of the program's watches.

#include "stores/redis/news_descriptor.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <system_error>

namespace exclusive_lock::redis {
namespace {

// -1 for descriptor() would mean that there never is anything to visit for.
TEST(NewsDescriptor, WithoutDescriptorsItIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(NewsDescriptor(), std::system_error);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace exclusive_lock::redis
