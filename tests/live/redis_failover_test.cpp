// A failover behind one address, which no client's connection notices by itself: waiters live on,
// one holds at a time, and their order stays.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "live/failover_address.hpp"
#include "live/queue_entries.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

constexpr auto queue_at = "{exclusive-lock:job}:queue";

struct Case {
  ServerKind server;
  FailoverKind failover;
  friend std::ostream& operator<<(std::ostream& out, const Case& each) {
    return out << each.server
               << (each.failover == FailoverKind::command ? "_failover" : "_replicaof");
  }
};

class FailoverBehindOneAddress : public testing::TestWithParam<Case> {
 protected:
  // Who waits, one after the other, and holds until it is let go.
  class Worker {
   public:
    Worker(FailoverBehindOneAddress& test, std::shared_ptr<Connection> connection)
        : lock_({.app_name = "job", .cache_connection = std::move(connection)}),
          thread_([this, &test] { work(test); }) {}
    ~Worker() {
      let_go();
      thread_.join();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    void let_go() { may_leave_ = true; }
    ExclusiveLock& lock() { return lock_; }

   private:
    void work(FailoverBehindOneAddress& test) {
      std::error_code error;
      if (!lock_.acquire_for(1min, {}, error)) {
        ADD_FAILURE() << "it gave up: " << error.message();
        return;
      }
      EXPECT_EQ(test.inside_++, 0) << "two hold it";
      test.entered(lock_);
      EXPECT_TRUE(eventually([this] { return may_leave_.load(); }));
      EXPECT_TRUE(lock_.held());
      --test.inside_;
      EXPECT_EQ(lock_.release(), ReleaseOutcome::released);
    }

    ExclusiveLock lock_;
    std::atomic<bool> may_leave_ = false;
    std::thread thread_;
  };

  void entered(ExclusiveLock& lock) {
    const std::lock_guard guard(mutex_);
    entries_.push_back({.lock = &lock, .fence = *lock.fence()});
  }
  struct Entry {
    ExclusiveLock* lock;
    Fence fence;
  };
  std::vector<Entry> entries() {
    const std::lock_guard guard(mutex_);
    return entries_;
  }

  // Its connection for pushes is open and subscribed at the old master.
  std::shared_ptr<Connection> connection_with_subscription() {
    const auto connection = connect(address.url());
    subscribe(connection, address);
    return connection;
  }
  // A waiter opens it, and waits until it is there, however long the server takes.
  static void subscribe(const std::shared_ptr<Connection>& connection, FailoverAddress& at) {
    ExclusiveLock holder({.app_name = "other", .cache_connection = connect(at.url())});
    ASSERT_TRUE(holder.acquire());
    ExclusiveLock waiter({.app_name = "other", .cache_connection = connection});
    std::jthread waits([&](const std::stop_token& stop) {
      std::error_code error;
      EXPECT_FALSE(waiter.acquire_for(1min, stop, error));
      EXPECT_EQ(error, std::error_code{}) << error.message();
    });
    ASSERT_TRUE(eventually([&] { return channels(at.old_master()) == 1; }));
    ASSERT_TRUE(waits.request_stop());
    ASSERT_TRUE(eventually([&] {
      return at.old_master().client().integer({"EXISTS", "{exclusive-lock:other}:queue"}) == 0;
    })) << "nothing of it is on its way when the failover begins";
  }
  static std::size_t channels(Server& server) {
    return server.client().texts({"PUBSUB", "CHANNELS", "*"}).size();
  }
  [[nodiscard]] bool wait_in_line(int count) {
    return eventually([&] {
      RawClient client = address.next_master().client();
      return count_entries(client, queue_at) == count;
    });
  }
  // The whole of what the waiter's heartbeats renew.
  std::string last_heartbeat() {
    RawClient client = address.next_master().client();
    const auto entries = entries_in(client, queue_at);
    return entries.empty() ? "" : entries[0];
  }

  FailoverAddress address{GetParam().server};
  std::atomic<int> inside_ = 0;

 private:
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

INSTANTIATE_TEST_SUITE_P(Servers, FailoverBehindOneAddress,
                         testing::Values(Case{ServerKind::redis, FailoverKind::command},
                                         Case{ServerKind::redis, FailoverKind::by_hand},
                                         Case{ServerKind::valkey, FailoverKind::command},
                                         Case{ServerKind::valkey, FailoverKind::by_hand}),
                         testing::PrintToStringParamName());

// The first waiter's subscription is at the old master when the holder begins at the new one.
TEST_P(FailoverBehindOneAddress, WaitersAreServedOneAtATimeInOrder) {
  const auto from_before = connection_with_subscription();
  address.fail_over(GetParam().failover);
  address.redirect();
  ExclusiveLock holder({.app_name = "job", .cache_connection = connect(address.url())});
  ASSERT_TRUE(holder.acquire());
  const Fence first_fence = *holder.fence();
  Worker first(*this, from_before);
  ASSERT_TRUE(wait_in_line(1));
  Worker second(*this, connect(address.url()));
  ASSERT_TRUE(wait_in_line(2));

  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  ASSERT_TRUE(eventually([this] { return entries().size() == 1; }));
  EXPECT_EQ(entries()[0].lock, &first.lock());
  EXPECT_GT(entries()[0].fence, first_fence);
  const std::string before = last_heartbeat();
  ASSERT_TRUE(eventually([&] { return last_heartbeat() != before; })) << "the second one asks";
  EXPECT_FALSE(second.lock().held());
  first.let_go();
  ASSERT_TRUE(eventually([this] { return entries().size() == 2; }));
  EXPECT_EQ(entries()[1].lock, &second.lock());
  EXPECT_GT(entries()[1].fence, entries()[0].fence);
}

TEST_P(FailoverBehindOneAddress, SubscriptionFollowsTheCommands) {
  const auto from_before = connection_with_subscription();
  address.fail_over(GetParam().failover);
  address.redirect();
  ExclusiveLock lock({.app_name = "job", .cache_connection = from_before});
  EXPECT_TRUE(lock.acquire_for(1min)) << "it is asked at the new master";
  EXPECT_TRUE(eventually([this] { return channels(address.next_master()) == 1; }));
  EXPECT_TRUE(eventually([this] { return channels(address.old_master()) == 0; }));
}

// Without INFO the server is asked for listeners; without that too, the newer connection is
// believed.
TEST_P(FailoverBehindOneAddress, SubscriptionFollowsWithoutTheRightsToSeeWhereItIs) {
  for (const std::vector<std::string>& missing :
       {std::vector<std::string>{"-info"}, std::vector<std::string>{"-info", "-pubsub"}}) {
    FailoverAddress other(GetParam().server);
    for (Server* server : {&other.old_master(), &other.next_master()}) {
      std::vector<std::string> words{"ACL",     "SETUSER", "locker", "reset", "on",
                                     ">secret", "~*",      "&*",     "+@all"};
      words.insert(words.end(), missing.begin(), missing.end());
      server->client().must(words);
    }
    const auto connection = connect(other.url("locker:secret@"));
    ASSERT_NO_FATAL_FAILURE(subscribe(connection, other));
    other.fail_over(GetParam().failover);
    other.redirect();
    ExclusiveLock lock({.app_name = "job", .cache_connection = connection});
    EXPECT_TRUE(lock.acquire_for(1min));
    EXPECT_TRUE(eventually([&] { return channels(other.next_master()) == 1; }));
    EXPECT_TRUE(eventually([&] { return channels(other.old_master()) == 0; }));
  }
}

// A2. It waits before, all through it, and while the address still leads to the old master.
TEST_P(FailoverBehindOneAddress, HolderAndWaiterLiveThroughIt) {
  ExclusiveLock holder(
      {.app_name = "job", .cache_connection = connect(address.url()), .lock_ttl = 30s});
  ASSERT_TRUE(holder.acquire());
  Worker waiter(*this, connect(address.url()));
  ASSERT_TRUE(wait_in_line(1)) << "at the replica";
  const int before = address.connections();
  address.fail_over(GetParam().failover);
  ASSERT_TRUE(eventually([&] { return address.connections() > before; })) << "they look for it";
  address.redirect();
  ASSERT_TRUE(eventually([&] { return holder.refresh() == RefreshOutcome::refreshed; }));
  EXPECT_TRUE(holder.held());
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  EXPECT_TRUE(eventually([this] { return entries().size() == 1; }));
}

TEST_P(FailoverBehindOneAddress, WaitThatEndsInItSaysSo) {
  const auto connection = connect(address.url());
  ExclusiveLock holder({.app_name = "job", .cache_connection = connection});
  ASSERT_TRUE(holder.acquire());
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  address.fail_over(GetParam().failover);
  ExclusiveLock lock({.app_name = "job", .cache_connection = connection});
  std::error_code error;
  EXPECT_FALSE(lock.acquire_for(300ms, {}, error));
  EXPECT_EQ(error, errc::store_failed_over) << "the address leads to the old master";
}

}  // namespace
}  // namespace exclusive_lock::live
