#pragma once
// What every row gets: how much time it may take, a server, the programs it starts, and where its
// lines go.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "live/server.hpp"
#include "measurement.hpp"

namespace exclusive_lock::bench {

enum class Extent { quick, full };

struct Effort {
  Extent extent;
  int rounds;                       // of all sides, in turns
  std::chrono::milliseconds slice;  // of one side in one round
};
Effort effort_for(Extent extent);

struct Programs {
  std::filesystem::path worker;   // bench/worker.cpp
  std::filesystem::path command;  // exclusive-lock
};

class Bench {
 public:
  using Tell = std::function<void(const Measurement&)>;

  Bench(Effort effort, Programs programs, live::Server& server, Tell tell)
      : effort_(effort), programs_(std::move(programs)), server_(server), tell_(std::move(tell)) {}

  [[nodiscard]] const Effort& effort() const noexcept { return effort_; }
  [[nodiscard]] bool is_quick() const noexcept { return effort_.extent == Extent::quick; }
  // How many lockers, waiters or locks to measure with. What a quick run leaves out is in
  // docs/benchmarks.md.
  struct Sizes {
    std::vector<int> quick;
    std::vector<int> full;
  };
  [[nodiscard]] std::vector<int> of(const Sizes& sizes) const {
    return is_quick() ? sizes.quick : sizes.full;
  }
  [[nodiscard]] const Programs& programs() const noexcept { return programs_; }
  [[nodiscard]] live::Server& server() noexcept { return server_; }

  void tell(const Measurement& measurement) { tell_(measurement); }

  // Each returns one figure; empty: this line has no such floor.
  struct Sides {
    std::function<double()> ours;
    std::function<double()> plain{};
    std::function<double()> same_scripts{};
  };
  // Calls each side once per round and keeps what it returned.
  void interleave(Measurement& into, const Sides& sides) const;
  // The same for sides that note their figures themselves. Who goes first changes from round to
  // round, so that none always has the warmer caches.
  void take_turns(const std::vector<std::function<void()>>& sides) const;

 private:
  Effort effort_;
  Programs programs_;
  live::Server& server_;
  Tell tell_;
};

}  // namespace exclusive_lock::bench
