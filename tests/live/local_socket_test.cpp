// The sockets by which the stores of one directory notify each other of grants.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "live/job_key.hpp"
#include "live/local_pushes.hpp"
#include "live/local_queue_fixture.hpp"
#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "stores/local/directory.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LocalSocket : public LocalQueueFixture {};

TEST_F(LocalSocket, SocketIsThereWhileTheStoreIsOpenAndHasTheRightsOfFiles) {
  ASSERT_EQ(::chmod(folder_of(directory_.path()).c_str(), 02770), 0);
  LocalRequester other(directory_.path(), clock_.machine());
  const LocalPushes pushes(other.store());
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted);
  EXPECT_FALSE(other.store().pushes_grants());
  EXPECT_TRUE(sockets().empty()) << "not before somebody is patient";
  LocalWish free = patient();
  free.key = "free";
  ASSERT_EQ(other.attempt(free).outcome, AttemptReplyStatus::granted);
  EXPECT_FALSE(other.store().pushes_grants());
  EXPECT_TRUE(sockets().empty()) << "not before somebody has to wait";
  const mode_t umask_before = ::umask(077);
  ASSERT_EQ(other.attempt(patient()).outcome, AttemptReplyStatus::waiting);
  ::umask(umask_before);
  EXPECT_TRUE(other.store().pushes_grants());
  ASSERT_EQ(sockets().size(), 1U);
  struct stat status {};
  ASSERT_EQ(::lstat(sockets()[0].c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0660U);
  other.store().close();
  EXPECT_FALSE(other.store().pushes_grants());
  EXPECT_TRUE(sockets().empty());
}

// On a thread of its own: the test fails and does not hang.
TEST_F(LocalSocket, ClosingEndsTheThreadThatListens) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  auto other = std::make_unique<LocalRequester>(directory_.path(), clock_.machine());
  const LocalPushes pushes(other->store());
  ASSERT_EQ(other->attempt(patient()).outcome, AttemptReplyStatus::waiting);
  ASSERT_TRUE(other->store().pushes_grants());
  std::promise<void> closed;
  const auto is_closed = closed.get_future();
  std::thread closing([other = std::move(other), closed = std::move(closed)]() mutable {
    other->store().close();
    closed.set_value();
  });
  if (is_closed.wait_for(20s) != std::future_status::ready) {
    closing.detach();
    FAIL() << "it still waits for the thread";
  }
  closing.join();
}

TEST_F(LocalSocket, DeletedSocketLosesThePushAndNotTheGrant) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalRequester other(directory_.path(), clock_.machine());
  const LocalPushes pushes(other.store());
  const LocalWish wish = patient();
  ASSERT_EQ(other.attempt(wish).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(sockets().size(), 1U);
  fs::remove(sockets()[0]);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(other.heartbeat(wish).outcome, HeartbeatReplyStatus::granted);
  other.store().close();
  EXPECT_EQ(pushes.count(), 0U);
}

// It might lead to a socket of some service, and have it told things by us.
TEST_F(LocalSocket, PlantedLinkInPlaceOfASocketIsNotFollowed) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalRequester other(directory_.path(), clock_.machine());
  const LocalPushes pushes(other.store());
  const LocalWish wish = patient();
  ASSERT_EQ(other.attempt(wish).outcome, AttemptReplyStatus::waiting);
  const fs::path socket = sockets().at(0);
  fs::rename(socket, directory_.path() / "service");
  fs::create_symlink("service", socket);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(other.heartbeat(wish).outcome, HeartbeatReplyStatus::granted);
  other.store().close();
  EXPECT_EQ(pushes.count(), 0U);
}

TEST_F(LocalSocket, PathLongerThanASocketAddressWillDo) {
  const fs::path deep = directory_.path() / std::string(200, 'x');
  LocalRequester other(deep, clock_.machine());
  const LocalWish held;
  ASSERT_EQ(other.attempt(held).outcome, AttemptReplyStatus::granted);
  const LocalPushes pushes(other.store());
  const LocalWish wish = patient();
  ASSERT_EQ(other.attempt(wish).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(other.release(held), ReleaseReplyStatus::released);
  EXPECT_TRUE(pushes.of(wish.owner));
}

TEST_F(LocalSocket, SocketThatCannotBeMadeIsToldOnceAndHeartbeatsGoOn) {
  std::ostringstream text;
  const auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text, true));
  const auto store = open_local_store({.directory = directory_.path()}, clock_.machine(), log);
  const LocalPushes pushes(*store);
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  // Where nothing can be made in the directory; root may everywhere, but not beyond this limit.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Descriptor next(::dup(STDOUT_FILENO));
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::vector<AttemptReplyStatus> outcomes;
  const auto keep = [&](const Answer<AttemptReply>& answer) {
    outcomes.push_back(std::get<AttemptReply>(answer).outcome);
  };
  const auto request = [](const Owner& owner) {
    return AttemptRequest{.key = key,
                          .owner = owner,
                          .ttl = 600s,
                          .record_tail = {},
                          .floor = {},
                          .not_after = Instant::max(),
                          .wait_options = long_wait};
  };
  const Owner first = new_local_owner();
  store->attempt(request(first), Instant::max(), keep);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  store->attempt(request(new_local_owner()), Instant::max(), keep);
  EXPECT_EQ(outcomes, (std::vector{AttemptReplyStatus::waiting, AttemptReplyStatus::waiting}));
  EXPECT_FALSE(store->pushes_grants());
  EXPECT_THAT(text.str(), HasSubstr("not woken"));
  EXPECT_EQ(text.str().find("not woken"), text.str().rfind("not woken")) << "once";
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  std::optional<HeartbeatReplyStatus> heartbeat;
  store->heartbeat({.key = key, .owner = first, .ttl = 600s, .alive_for = 600s}, Instant::max(),
                   [&](const Answer<HeartbeatReply>& answer) {
                     heartbeat = std::get<HeartbeatReply>(answer).outcome;
                   });
  EXPECT_EQ(heartbeat, HeartbeatReplyStatus::granted);
}

// Whoever meets a dead store takes its socket away: there is one test for each place where it may
// be met. `killed` has waited, was handed the lock and is dead.
class LocalSocketOfTheDead : public LocalQueueFixture {
 protected:
  // A store that waits for the lock behind `requester_`, and has been killed.
  void kill_a_waiter() {
    LocalWorker killed(directory_.path(), {"wait", key});
    ASSERT_EQ(killed.line(), "waiting 1");
    ASSERT_EQ(sockets().size(), 1U);
    killed.kill();
    killed.wait();
  }
  void kill_a_holder() {
    LocalWorker killed(directory_.path(), {"wait", key});
    ASSERT_EQ(killed.line(), "waiting 1");
    ASSERT_EQ(here_.release(held_), ReleaseReplyStatus::released);
    ASSERT_THAT(killed.line(), StartsWith("pushed "));
    ASSERT_EQ(sockets().size(), 1U);
    killed.kill();
    killed.wait();
  }
  LocalRequester here_{directory_.path()};
  const LocalWish held_;
};

TEST_F(LocalSocketOfTheDead, GoesWithTheGrantOverItsRecord) {
  ASSERT_EQ(here_.attempt(held_).outcome, AttemptReplyStatus::granted);
  kill_a_holder();
  EXPECT_EQ(here_.attempt({}).outcome, AttemptReplyStatus::granted);
  EXPECT_TRUE(sockets().empty());
}

TEST_F(LocalSocketOfTheDead, GoesWhenAnotherOneIsNudged) {
  ASSERT_EQ(here_.attempt(held_).outcome, AttemptReplyStatus::granted);
  kill_a_waiter();
  ASSERT_EQ(here_.attempt(patient()).outcome, AttemptReplyStatus::waiting);
  LocalWish barging = held_;
  barging.barging_limit = 1;
  EXPECT_EQ(here_.release(barging), ReleaseReplyStatus::released);
  EXPECT_TRUE(sockets().empty());
}

TEST_F(LocalSocketOfTheDead, GoesWhenAQueueIsFull) {
  ASSERT_EQ(here_.attempt(held_).outcome, AttemptReplyStatus::granted);
  kill_a_waiter();
  LocalWish wish = patient();
  wish.wait_options->max_waiting = 1;
  EXPECT_EQ(here_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  EXPECT_TRUE(sockets().empty());
}

// Housekeeping goes by the wall clock; the one of `requester_` is in the past, so the row is due.
TEST_F(LocalSocketOfTheDead, GoesWithHousekeeping) {
  ASSERT_EQ(here_.attempt(held_).outcome, AttemptReplyStatus::granted);
  kill_a_holder();
  EXPECT_EQ(requester_.attempt({.key = "any other"}).outcome, AttemptReplyStatus::granted);
  EXPECT_TRUE(sockets().empty());
}

}  // namespace
}  // namespace exclusive_lock::live
