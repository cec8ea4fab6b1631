// Every fault strikes once, on each store that it can strike, while workers use it: what must not
// happen does not, and afterwards everybody has the lock again.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iterator>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "faults/fault_kinds.hpp"
#include "faults/scene.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

// Empty: all went well.
std::string outcome_of(const std::string& store, const FaultKind& kind) {
  try {
    Scene scene(store, 1);
    scene.fleet().start();
    kind.strike(scene);
    scene.fleet().await_turns();
    std::vector<std::string> wrong = scene.fleet().verdict();
    for (const std::string& key : scene.leftovers()) {
      wrong.push_back("left behind: " + key);
    }
    return text_of(wrong);
  } catch (const std::exception& error) {
    return error.what();
  }
}

class Fault : public testing::TestWithParam<FaultKind> {};

// On all stores at once, each with processes of its own: the time goes into waiting.
TEST_P(Fault, IsSurvived) {
  std::vector<std::thread> threads;
  for (const std::string store : {"redis", "valkey", "local"}) {
    const FaultKinds kinds = faults_of(store);
    if (std::none_of(kinds.begin(), kinds.end(),
                     [](const FaultKind& kind) { return kind.name == GetParam().name; })) {
      continue;
    }
    // It must live as long as what it starts (live/server.hpp).
    threads.emplace_back(
        [store] { EXPECT_EQ(outcome_of(store, GetParam()), "") << "on " << store; });
  }
  EXPECT_FALSE(threads.empty());
  for (std::thread& thread : threads) {
    thread.join();
  }
}

FaultKinds faults_of_all() {
  FaultKinds kinds = faults_of("redis");
  const FaultKinds of_files = local_faults();
  kinds.insert(kinds.end(), of_files.begin(), of_files.end());
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(All, Fault, testing::ValuesIn(faults_of_all()),
                         testing::PrintToStringParamName());

struct FaultThere {
  std::string store;
  FaultKind kind;
  friend std::ostream& operator<<(std::ostream& out, const FaultThere& each) {
    return out << each.store << '_' << each.kind;
  }
};

// Each fault on the servers that need not be there; one at a time, because five fleets at once are
// too much for two cores.
std::vector<FaultThere> faults_elsewhere() {
  std::vector<FaultThere> all;
  for (const live::ServerKind server : live::servers_to_test()) {
    if (server != live::ServerKind::redis && server != live::ServerKind::valkey) {
      const std::string store(live::name_of(server));
      std::ranges::transform(
          faults_of(store), std::back_inserter(all),
          [&store](const FaultKind& kind) { return FaultThere{.store = store, .kind = kind}; });
    }
  }
  return all;
}

class FaultElsewhere : public testing::TestWithParam<FaultThere> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FaultElsewhere);

TEST_P(FaultElsewhere, IsSurvived) { EXPECT_EQ(outcome_of(GetParam().store, GetParam().kind), ""); }

INSTANTIATE_TEST_SUITE_P(All, FaultElsewhere, testing::ValuesIn(faults_elsewhere()),
                         testing::PrintToStringParamName());

class FaultOfAProcess : public testing::TestWithParam<std::string> {};

// The register is what stops a holder that was stopped: it wrote late, and was refused.
TEST_P(FaultOfAProcess, StoppedHolderWritesLateAndIsRefused) {
  Scene scene(GetParam(), 1);
  Fleet& fleet = scene.fleet();
  fleet.start();
  const int stopped = fleet.stop_holder([&] { return scene.is_blocked(); });
  fleet.await_turns();
  fleet.resume(stopped);
  fleet.await_turns();
  EXPECT_EQ(text_of(fleet.verdict()), "");
  const History history = fleet.history();
  EXPECT_TRUE(std::any_of(history.writes.begin(), history.writes.end(), [&](const Write& write) {
    return write.worker == stopped && !write.is_accepted;
  }));
}

// What docs/local_store.md tells to do about damage, and about files that were deleted: with all
// workers started anew there is a new store, whose fences are above those of the old one.
TEST(FaultOfFiles, WorkersStartedAgainGoOnInAStoreOfTheirOwn) {
  Scene scene("local", 1);
  Fleet& fleet = scene.fleet();
  fleet.start();
  const int holder = fleet.await_long_holder();
  fleet.suffer("deleted files", Data::lost, [&] {
    for (const auto& entry : std::filesystem::directory_iterator(scene.store_folder())) {
      std::filesystem::remove(entry.path());
    }
    fleet.await_loss(holder);
    const std::vector<int> workers = fleet.living();
    std::ranges::for_each(workers, [&](int worker) { fleet.kill(worker); });
    std::ranges::for_each(workers, [&](int worker) { fleet.start_again(worker); });
  });
  fleet.await_turns();
  EXPECT_EQ(text_of(fleet.verdict()), "");
}

class FaultOfAClock : public testing::TestWithParam<std::string> {};

// The clock that faults set is the server's.
TEST_P(FaultOfAClock, ServerGoesByTheClockThatIsSet) {
  Scene scene(GetParam(), 1);
  live::RawClient client = scene.server().client();
  const auto seconds = [&] { return std::stoll(client.texts({"TIME"}).at(0)); };
  const auto before = seconds();
  scene.clock().step(1h);
  EXPECT_GE(seconds(), before + 3600);
  client.must({"SET", "k", "1", "PX", "60000"});
  scene.clock().step(1h);
  EXPECT_TRUE(client.command({"GET", "k"}).is_null());
  scene.clock().step(-2h);
  EXPECT_LT(seconds(), before + 3600);
}

INSTANTIATE_TEST_SUITE_P(All, FaultOfAClock, testing::ValuesIn(servers_to_test()),
                         [](const auto& each) { return each.param; });

INSTANTIATE_TEST_SUITE_P(All, FaultOfAProcess, testing::ValuesIn(stores_to_test()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace exclusive_lock::faults
