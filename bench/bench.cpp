#include "bench.hpp"

namespace exclusive_lock::bench {

using namespace std::chrono_literals;

Effort effort_for(Extent extent) {
  return extent == Extent::quick ? Effort{.extent = extent, .rounds = 5, .slice = 60ms}
                                 : Effort{.extent = extent, .rounds = 7, .slice = 700ms};
}

void Bench::interleave(Measurement& into, const std::function<double()>& ours,
                       const std::function<double()>& floor) {
  take_turns([&] { into.ours.push_back(ours()); }, [&] { into.floor.push_back(floor()); });
}

void Bench::take_turns(const std::function<void()>& ours,
                       const std::function<void()>& floor) const {
  for (int round = 0; round < effort_.rounds; ++round) {
    if (round % 2 == 0) {
      ours();
      floor();
    } else {
      floor();
      ours();
    }
  }
}

}  // namespace exclusive_lock::bench
