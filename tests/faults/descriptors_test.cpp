// Descriptors run out (docs/failure_modes.md, 39): a hold stays valid on its open connection. A
// call that needs a new descriptor is an error, and works again when there are some.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "faults/scene.hpp"
#include "live/comes_true.hpp"
#include "live/server.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using live::comes_true;

// No descriptor of this process is free while it lives.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{.rlim_cur = 256, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    take();
  }
  ~NoDescriptorLeft() {
    for (const int fd : taken_) {
      ::close(fd);
    }
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  // Those that have been closed since.
  void take() {
    for (int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0;
         fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
      taken_.push_back(fd);
    }
  }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

class Descriptors : public testing::TestWithParam<std::string> {
 protected:
  Descriptors() {
    if (const auto kind = kind_of(GetParam())) {
      server.emplace(live::ServerOptions{.kind = *kind});
      url = server->url();
    } else {
      url = "local://" + directory.path().string();
    }
  }

  [[nodiscard]] std::unique_ptr<ExclusiveLock> lock_on(std::shared_ptr<Connection> connection,
                                                       std::string name) const {
    Options options;
    options.app_name = std::move(name);
    options.cache_connection = std::move(connection);
    options.lock_ttl = 600ms;
    options.lock_refresh = 100ms;
    options.allow_short_ttl = true;
    return std::make_unique<ExclusiveLock>(options);
  }

  live::TemporaryDirectory directory;
  std::optional<live::Server> server;
  std::string url;
};

TEST_P(Descriptors, WithoutAnyLeftWhatIsHeldIsRefreshedAndReleased) {
  const auto connection = connect(url);
  const auto lock = lock_on(connection, "job");
  std::atomic<int> refreshes = 0;
  lock->on_refreshed([&](const RefreshedEvent&) { ++refreshes; });
  ASSERT_TRUE(lock->acquire());
  const auto fence = lock->fence();
  {
    const NoDescriptorLeft none;
    try {
      static_cast<void>(connect(url));
      ADD_FAILURE() << "it takes a descriptor to connect";
    } catch (const StoreError& error) {
      EXPECT_NE(std::string(error.what()).find("Too many open files"), std::string::npos)
          << error.what();
      EXPECT_FALSE(error.may_have_run());
    }
    EXPECT_TRUE(comes_true([&] { return refreshes >= 10; })) << "longer than one ttl";
    EXPECT_EQ(lock->fence(), fence);
    EXPECT_EQ(lock->release(), ReleaseOutcome::released);
    EXPECT_TRUE(lock->acquire()) << "over the connection that is open";
  }
  EXPECT_EQ(lock->release(), ReleaseOutcome::released);
  EXPECT_TRUE(lock_on(connect(url), "other")->acquire());
}

class DescriptorsAndServers : public Descriptors {};

TEST_P(DescriptorsAndServers, ConnectionLostWithoutAnyLeftComesBackWhenThereAreSome) {
  const auto lock = lock_on(connect(url), "job");
  ASSERT_TRUE(lock->acquire());
  live::RawClient client = server->client();
  {
    NoDescriptorLeft none;
    EXPECT_TRUE(comes_true([&] {
      // The descriptor of the connection is free for a moment: whoever is first has it.
      client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
      none.take();
      return !lock->held();
    })) << "at safe_until at the latest";
    std::error_code error;
    EXPECT_FALSE(lock->acquire(error));
    EXPECT_TRUE(error);
  }
  EXPECT_TRUE(lock->acquire_for(20s));
}

INSTANTIATE_TEST_SUITE_P(Stores, Descriptors, testing::ValuesIn(stores_to_test()),
                         [](const auto& each) { return each.param; });

INSTANTIATE_TEST_SUITE_P(Stores, DescriptorsAndServers, testing::ValuesIn(servers_to_test()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace exclusive_lock::faults
