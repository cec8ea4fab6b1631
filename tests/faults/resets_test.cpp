// A connection is reset at each byte of an acquire and of its reply (docs/failure_modes.md, 20):
// whatever the caller gets, the lock never has two holders, and the next acquire works.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>

#include "exclusive_lock/exclusive_lock.hpp"
#include "faults/proxy.hpp"
#include "live/server.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_bytes = 2000;  // far above the longest request

class Resets : public testing::TestWithParam<Way> {
 protected:
  // Long times: on a busy machine too, no byte is sent but those of the calls of the test.
  [[nodiscard]] static std::unique_ptr<ExclusiveLock> lock_at(std::uint16_t port) {
    Options options;
    options.app_name = "job";
    options.cache_connection =
        connect("redis://127.0.0.1:" + std::to_string(port), {.command_timeout = 30s});
    options.lock_ttl = 10min;
    options.lock_refresh = 3min;
    return std::make_unique<ExclusiveLock>(options);
  }

  live::Server server;
  Proxy proxy{server.port()};
};

TEST_P(Resets, AtEachByteOfAnAcquireLeaveTheLockToOne) {
  const auto lock = lock_at(proxy.port());
  const auto rival = lock_at(server.port());
  ASSERT_TRUE(lock->acquire());  // its script is there
  ASSERT_EQ(lock->release(), ReleaseOutcome::released);
  std::size_t bytes = 0;
  for (bool has_struck = true; has_struck && bytes < max_bytes; ++bytes) {
    SCOPED_TRACE("reset after " + std::to_string(bytes) + " bytes");
    const int strikes = proxy.strikes();
    proxy.reset_at(GetParam(), bytes);
    std::error_code error;
    const bool is_held = lock->acquire(error);
    has_struck = proxy.strikes() != strikes;
    proxy.heal();
    ASSERT_NE(is_held, bool(error)) << "nobody else has it: " << error.message();
    ASSERT_EQ(is_held, lock->held());
    ASSERT_TRUE(is_held || lock->acquire_for(1min)) << "the next one takes over";
    ASSERT_FALSE(rival->acquire()) << "held twice";
    const auto outcome = lock->release();
    // What was reset behind its last byte has been answered, and the connection is lost all the
    // same.
    ASSERT_TRUE(outcome == ReleaseOutcome::released ||
                (is_held && outcome == ReleaseOutcome::unknown));
    ASSERT_TRUE(rival->acquire_for(1min));
    ASSERT_EQ(rival->release(), ReleaseOutcome::released);
  }
  EXPECT_GT(bytes, 50U);
  EXPECT_LT(bytes, max_bytes);
}

INSTANTIATE_TEST_SUITE_P(Ways, Resets, testing::Values(Way::to_server, Way::to_client),
                         [](const auto& each) {
                           return each.param == Way::to_server ? "OfTheRequest" : "OfTheAnswer";
                         });

}  // namespace
}  // namespace exclusive_lock::faults
