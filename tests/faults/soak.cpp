// Random faults from a seed, for as long as wanted, on one store; see tests/faults/README.md.
//
//   fault_soak [--minutes M] [--seed N] [--store redis|valkey|redict|keydb|local] [--where-it-is]
//
// Worker 1, the veteran, is never killed (Fleet::veteran): its memory, descriptors and threads are
// looked at before the first fault and after the last. Prints what it did and found. Exit codes: 0
// nothing wrong, 1 something is, 2 the command line is.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "faults/fault_kinds.hpp"
#include "faults/process_watch.hpp"
#include "faults/scene.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

// The local store makes a socket when it hands a lock over for the first time, and another one,
// with a thread, when it has to wait for the first time; and keeps them.
constexpr int kept_descriptors = 2;
constexpr int kept_threads = 1;
// Buffers grow to the largest that was needed, and the allocator keeps what was given back.
constexpr std::int64_t memory_slack_kib = 4 * 1024;

struct Plan {
  double minutes = 1;
  std::uint64_t seed = 1;
  std::string store = "redis";
  bool is_for_those_there = false;
};

class Soak {
 public:
  explicit Soak(const Plan& plan)
      : plan_(plan), scene_(plan.store, plan.seed, {.workers = 4}), fleet_(scene_.fleet()) {}

  // What is wrong.
  std::vector<std::string> run() {
    fleet_.start();
    const ProcessUse before = settled_use();
    const Instant end = BootClock::now() + std::chrono::duration_cast<Instant::duration>(
                                               std::chrono::duration<double>(plan_.minutes * 60));
    FaultKinds kinds = faults_of(plan_.store);
    while (BootClock::now() < end) {
      strike(kinds[scene_.random_below(kinds.size())]);
    }
    compare(before);
    const std::size_t holds = fleet_.holds();
    for (const std::string& line : fleet_.verdict()) {
      wrong_.push_back(line);
    }
    for (const std::string& key : scene_.leftovers()) {
      wrong_.push_back("left behind: " + key);
    }
    report(holds);
    return wrong_;
  }

 private:
  // Throws std::runtime_error where somebody gets no turn afterwards.
  void strike(const FaultKind& kind) {
    ++struck_[kind.name];
    try {
      kind.strike(scene_);
      fleet_.await_turns();
    } catch (const std::exception& error) {
      int times = 0;
      for (const auto& [name, count] : struck_) {
        times += count;
      }
      throw std::runtime_error("in or after fault " + std::to_string(times) + ", " + kind.name +
                               ": " + error.what());
    }
  }

  // What the veteran uses at its least, over some turns: between two connections, say, it has a
  // descriptor more.
  ProcessUse settled_use() {
    ProcessUse least = use_of(fleet_.pid(Fleet::veteran));
    for (int turn = 0; turn < 3; ++turn) {
      fleet_.await_turns();
      const ProcessUse use = use_of(fleet_.pid(Fleet::veteran));
      least.memory_kib = std::min(least.memory_kib, use.memory_kib);
      least.descriptors = std::min(least.descriptors, use.descriptors);
      least.threads = std::min(least.threads, use.threads);
    }
    return least;
  }

  void compare(const ProcessUse& before) {
    const ProcessUse after = settled_use();
    std::cout << "the veteran used " << before << " before, and " << after << " after\n";
    if (after.descriptors > before.descriptors + kept_descriptors ||
        after.threads > before.threads + kept_threads ||
        after.memory_kib > before.memory_kib + memory_slack_kib) {
      wrong_.push_back("the veteran uses more than before");
    }
  }

  void report(std::size_t holds) const {
    const History history = fleet_.history();
    std::map<std::string, int> ends;
    for (const Hold& hold : history.holds) {
      ++ends[hold.end == HoldEnd::released ? "released"
             : hold.end == HoldEnd::lost   ? "lost"
                                           : "killed"];
    }
    const auto refused = std::count_if(history.writes.begin(), history.writes.end(),
                                       [](const Write& write) { return !write.is_accepted; });
    std::cout << holds << " holds";
    for (const auto& [end, count] : ends) {
      std::cout << ", " << count << " " << end;
    }
    std::cout << "; " << history.writes.size() << " writes, " << refused << " of them refused; "
              << history.faults.size() << " faults:\n";
    for (const auto& [name, times] : struck_) {
      std::cout << "  " << times << " x " << name << "\n";
    }
  }

  Plan plan_;
  Scene scene_;
  Fleet& fleet_;
  std::map<std::string, int> struck_;
  std::vector<std::string> wrong_;
};

int soak(const Plan& plan) {
  std::cout << "store " << plan.store << ", seed " << plan.seed << ", " << plan.minutes
            << " minutes" << std::endl;
  std::vector<std::string> wrong;
  try {
    wrong = Soak(plan).run();
  } catch (const std::exception& error) {
    wrong.emplace_back(error.what());
  }
  std::cout << text_of(wrong) << (wrong.empty() ? "nothing is wrong" : "SOMETHING IS WRONG")
            << std::endl;
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace exclusive_lock::faults

int main(int count, char** words) {
  exclusive_lock::faults::Plan plan;
  CLI::App app("Random faults from a seed, on one store");
  app.add_option("--minutes", plan.minutes, "how long faults strike")
      ->check(CLI::Range(0.01, 10'000.0));
  app.add_option("--seed", plan.seed, "which faults, and in which order");
  app.add_option("--store", plan.store, "where the lock is")
      ->check(CLI::IsMember({"redis", "valkey", "redict", "keydb", "local"}));
  app.add_flag("--where-it-is", plan.is_for_those_there,
               "nothing is wrong where there is no redict or keydb");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto there = exclusive_lock::faults::stores_to_test();
  if (plan.is_for_those_there && std::ranges::find(there, plan.store) == there.end()) {
    std::cout << "there is no " << plan.store << " here\n";
    return 0;
  }
  return exclusive_lock::faults::soak(plan);
}
