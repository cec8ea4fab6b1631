// Names (docs/failure_modes.md, 28): one that resolves to nothing, one whose lookup does not end,
// and one that moves to another server. What getaddrinfo(3) answers for names that end in
// ".faults.test" is decided here; a program's own definition comes before the C library's.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "exclusive_lock/exclusive_lock.hpp"
#include "live/comes_true.hpp"
#include "live/server.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using live::comes_true;
using live::Server;

// A lookup that does not end, unless somebody waits for it: a test that fails shall end too.
constexpr auto without_end = 40s;
// Longer than any call here may take, on a busy machine too.
constexpr auto soon = 20s;

// What is known of all names of this test.
class Names {
 public:
  enum class Answer { address, nothing, none_yet };

  // Every lookup, those that are under way included, is answered so from now on.
  void answer(Answer answer, std::uint16_t port = 0) {
    {
      const std::lock_guard guard(mutex_);
      answer_ = answer;
      port_ = port;
    }
    changed_.notify_all();
  }

  // Where the name is, as 127.0.0.1 and a port; none: nowhere. Waits until there is an answer.
  std::optional<std::uint16_t> look_up() {
    std::unique_lock lock(mutex_);
    ++looking_;
    changed_.wait_for(lock, without_end, [this] { return answer_ != Answer::none_yet; });
    --looking_;
    return answer_ == Answer::address ? std::optional(port_) : std::nullopt;
  }
  [[nodiscard]] int looking() {
    const std::lock_guard guard(mutex_);
    return looking_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_ = Answer::nothing;
  std::uint16_t port_ = 0;
  int looking_ = 0;
};

// Lives as long as the program: a lookup may outlast the test that it was made in.
Names& names() {
  static auto* const all = new Names;
  return *all;
}

int look_up_here_or_there(const char* node, const char* service, const addrinfo* hints,
                          addrinfo** found) {
  using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto of_the_system = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node == nullptr || !std::string_view(node).ends_with(".faults.test")) {
    return of_the_system(node, service, hints, found);
  }
  const auto port = names().look_up();
  return port ? of_the_system("127.0.0.1", std::to_string(*port).c_str(), hints, found)
              : EAI_NONAME;
}

constexpr const char* url = "redis://job.faults.test:6379";

// At its end it waits for every thread begun since, detached ones included. So it stands before
// whatever begins threads: one that still runs when the process ends uses what is being freed.
class EndOfThreads {
 public:
  EndOfThreads() {
    std::thread([] {}).join();  // with the first one a sanitizer starts one of its own
    before_ = threads();
  }
  ~EndOfThreads() {
    EXPECT_TRUE(comes_true([this] { return threads() <= before_; }))
        << threads() << " threads, " << before_ << " before";
  }
  EndOfThreads(const EndOfThreads&) = delete;
  EndOfThreads& operator=(const EndOfThreads&) = delete;

 private:
  static std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  }
  std::ptrdiff_t before_ = 0;
};

class LookupsThatDoNotEnd {
 public:
  LookupsThatDoNotEnd() { names().answer(Names::Answer::none_yet); }
  ~LookupsThatDoNotEnd() {
    names().answer(Names::Answer::nothing);
    EXPECT_TRUE(comes_true([] { return names().looking() == 0; }));
  }
  LookupsThatDoNotEnd(const LookupsThatDoNotEnd&) = delete;
  LookupsThatDoNotEnd& operator=(const LookupsThatDoNotEnd&) = delete;
};

ConnectOptions impatient() {
  ConnectOptions options;
  options.connect_timeout = 500ms;
  options.command_timeout = 300ms;
  return options;
}

std::string why_not_connected() {
  try {
    static_cast<void>(connect(url, impatient()));
    return "it is connected";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), errc::store_unavailable);
    EXPECT_FALSE(error.may_have_run());
    return error.what();
  }
}

std::unique_ptr<ExclusiveLock> lock_on(std::shared_ptr<Connection> connection) {
  Options options;
  options.app_name = "job";
  options.cache_connection = std::move(connection);
  options.lock_ttl = 3s;
  options.lock_refresh = 200ms;
  options.allow_short_ttl = true;
  return std::make_unique<ExclusiveLock>(options);
}

TEST(Names, ThatAreNowhereAreToldWithinTheTimeout) {
  names().answer(Names::Answer::nothing);
  const Instant before = BootClock::now();
  const std::string reason = why_not_connected();
  EXPECT_NE(reason.find("Host not found"), std::string::npos) << reason;
  EXPECT_NE(reason.find("job.faults.test"), std::string::npos) << reason;
  EXPECT_LT(BootClock::now(), before + soon);
}

TEST(Names, LookupThatDoesNotEndEndsConnectAtItsTimeout) {
  const EndOfThreads end_of_threads;
  const LookupsThatDoNotEnd hanging;
  const Instant before = BootClock::now();
  const std::string reason = why_not_connected();
  EXPECT_LT(BootClock::now(), before + soon);
  EXPECT_EQ(names().looking(), 1) << "nobody waited for it";
  EXPECT_NE(reason.find("its name was not resolved"), std::string::npos) << reason;
}

// The hold ends at safe_until(), and nothing waits for the lookup: no call, no destructor.
TEST(Names, LookupThatDoesNotEndHoldsUpNoCallNorTheClosing) {
  const EndOfThreads end_of_threads;
  Server server;
  names().answer(Names::Answer::address, server.port());
  auto lock = lock_on(connect(url, impatient()));
  ASSERT_TRUE(lock->acquire());
  const LookupsThatDoNotEnd hanging;
  const Instant before = BootClock::now();
  server.kill();
  EXPECT_TRUE(comes_true([] { return names().looking() > 0; }));
  EXPECT_TRUE(comes_true([&] { return !lock->held(); }));
  std::error_code error;
  EXPECT_FALSE(lock->acquire(error));
  EXPECT_EQ(error, errc::store_unavailable) << error.message();
  lock.reset();
  EXPECT_LT(BootClock::now(), before + soon);
  EXPECT_EQ(names().looking(), 1) << "nobody waited for it";
}

TEST(Names, LookupThatEndsLateIsNotTooLate) {
  const EndOfThreads end_of_threads;
  Server server{{.persistent = true}};
  names().answer(Names::Answer::address, server.port());
  const auto lock = lock_on(connect(url, impatient()));
  {
    const LookupsThatDoNotEnd hanging;
    server.kill();
    EXPECT_TRUE(comes_true([] { return names().looking() > 0; }));
    server.restart(live::ServerData::kept);
    std::error_code error;
    EXPECT_FALSE(lock->acquire(error)) << "it cannot know where the server is";
    names().answer(Names::Answer::address, server.port());
    EXPECT_TRUE(lock->acquire_for(1min));
  }
}

// The server is gone, and its name is that of another one now, which knows nothing of the hold.
TEST(Names, ThatMoveAreFollowedAndTheHoldIsLostBeforeTheNext) {
  Server old;
  Server next;
  names().answer(Names::Answer::address, old.port());
  const auto lock = lock_on(connect(url, impatient()));
  std::atomic<bool> is_told = false;
  std::atomic<LossReason> reason{};
  lock->on_lost([&](const LostEvent& event) {
    reason = event.reason;
    is_told = true;
  });
  ASSERT_TRUE(lock->acquire());
  const Fence fence = lock->fence().value();
  names().answer(Names::Answer::address, next.port());
  ASSERT_TRUE(lock->held()) << "the connection that is there stays";
  old.kill();
  ASSERT_TRUE(comes_true([&] { return is_told.load(); }));
  EXPECT_EQ(reason.load(), LossReason::record_gone) << "the new server was asked";
  EXPECT_FALSE(lock->held());
  const auto other = lock_on(connect(url, impatient()));
  ASSERT_TRUE(other->acquire());
  EXPECT_GT(other->fence().value(), fence);
  EXPECT_FALSE(lock->acquire()) << "both ask the same server";
  EXPECT_EQ(next.client().texts({"KEYS", "exclusive-lock:job"}).size(), 1U);
}

}  // namespace
}  // namespace exclusive_lock::faults

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** found) {
  return exclusive_lock::faults::look_up_here_or_there(node, service, hints, found);
}
