// Another process keeps the embedded store and does not go on: losses are reported in time all the
// same (G5).

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "live/temporary_directory.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

std::string database_below(const std::filesystem::path& directory) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.path().extension() == ".db") {
      return file.path().string();
    }
  }
  throw std::runtime_error("there is no database");
}

struct Loss {
  std::promise<void> event;
  std::promise<void> token;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  std::unique_ptr<ExclusiveLock> lock;
};

// The command timeout is far longer than the test: what waited for the store would come too late.
TEST(LocalLosses, AreReportedWhileAnotherProcessKeepsTheStore) {  // G5
  const TemporaryDirectory directory;
  const auto connection = connect("local://" + directory.path().string(), {.command_timeout = 60s});
  std::vector<Loss> losses(10);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    Options options;
    options.app_name = "job" + std::to_string(i);
    options.cache_connection = connection;
    options.lock_ttl = 1s;
    options.lock_refresh = 200ms;
    losses[i].lock = std::make_unique<ExclusiveLock>(options);
    losses[i].lock->on_lost([&loss = losses[i]](const LostEvent&) { loss.event.set_value(); });
    ASSERT_TRUE(losses[i].lock->acquire());
  }
  Database stopped(database_below(directory.path()));
  stopped.execute("BEGIN IMMEDIATE");
  for (Loss& loss : losses) {
    loss.on_stop.emplace(loss.lock->lost_token(), [&loss] { loss.token.set_value(); });
  }
  for (Loss& loss : losses) {
    EXPECT_EQ(loss.token.get_future().wait_for(20s), std::future_status::ready);
    EXPECT_EQ(loss.event.get_future().wait_for(20s), std::future_status::ready);
  }
  stopped.execute("COMMIT");
}

// Likewise: what waits for the store returns after 60 s.
TEST(LocalCalls, AreEndedByStopAndDeadlineWhileAnotherProcessKeepsTheStore) {
  const TemporaryDirectory directory;
  Options options;
  options.app_name = "job";
  options.cache_connection =
      connect("local://" + directory.path().string(), {.command_timeout = 60s});
  ExclusiveLock lock(options);
  Database stopped(database_below(directory.path()));
  stopped.execute("BEGIN IMMEDIATE");
  std::stop_source stop;
  auto waiting =
      std::async(std::launch::async, [&] { return lock.acquire_for(1h, stop.get_token()); });
  EXPECT_EQ(waiting.wait_for(100ms), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(waiting.wait_for(20s), std::future_status::ready);
  std::error_code error;
  auto limited = std::async(std::launch::async, [&] { return lock.acquire_for(100ms, {}, error); });
  EXPECT_EQ(limited.wait_for(20s), std::future_status::ready);
  stopped.execute("COMMIT");
  EXPECT_FALSE(waiting.get());
  EXPECT_FALSE(limited.get());
  EXPECT_EQ(error, errc::store_busy);
}

}  // namespace
}  // namespace exclusive_lock::live
