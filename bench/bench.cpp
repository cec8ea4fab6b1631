#include "bench.hpp"

namespace exclusive_lock::bench {

using namespace std::chrono_literals;

Effort effort_for(Extent extent) {
  return extent == Extent::quick ? Effort{.extent = extent, .rounds = 5, .slice = 60ms}
                                 : Effort{.extent = extent, .rounds = 7, .slice = 700ms};
}

void Bench::interleave(Measurement& into, const Sides& sides) const {
  std::vector<std::function<void()>> turns{[&] { into.ours.push_back(sides.ours()); }};
  if (sides.plain) {
    turns.emplace_back([&] { into.plain.push_back(sides.plain()); });
  }
  if (sides.same_scripts) {
    turns.emplace_back([&] { into.same_scripts.push_back(sides.same_scripts()); });
  }
  take_turns(turns);
}

void Bench::take_turns(const std::vector<std::function<void()>>& sides) const {
  for (std::size_t round = 0; round < static_cast<std::size_t>(effort_.rounds); ++round) {
    for (std::size_t turn = 0; turn < sides.size(); ++turn) {
      sides[(round + turn) % sides.size()]();
    }
  }
}

}  // namespace exclusive_lock::bench
