#pragma once
// The rows of the table, in its order. Each measures, and tells its lines one by one.

#include <string_view>
#include <vector>

#include "bench.hpp"

namespace exclusive_lock::bench {

struct Row {
  std::string_view name;  // for --only
  std::string_view what;
  void (*measure)(Bench&);
};

void measure_uncontended(Bench& bench);
void measure_uncontended_coroutine(Bench& bench);
void measure_far_uncontended(Bench& bench);
void measure_far_coroutine(Bench& bench);
void measure_lockers(Bench& bench);
void measure_locker_cpu(Bench& bench);
void measure_hand_over(Bench& bench);
void measure_far_hand_over(Bench& bench);
void measure_hand_over_commands(Bench& bench);
void measure_contest(Bench& bench);
void measure_refresh(Bench& bench);
void measure_local(Bench& bench);
void measure_command(Bench& bench);
void measure_contents(Bench& bench);
void measure_pair_cost(Bench& bench);
void measure_hand_over_cost(Bench& bench);
void measure_waiting(Bench& bench);
void measure_first_attempts(Bench& bench);

inline const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"a", "uncontended acquire + release", measure_uncontended},
      {"a2", "the same, 1 ms away", measure_far_uncontended},
      {"b", "uncontended, from a coroutine", measure_uncontended_coroutine},
      {"b2", "the same, 1 ms away", measure_far_coroutine},
      {"c", "concurrent lockers, pairs per second", measure_lockers},
      {"d", "client CPU per pair", measure_locker_cpu},
      {"e", "hand-over between processes", measure_hand_over},
      {"e2", "the same, 1 ms away", measure_far_hand_over},
      {"f", "server commands per hand-over", measure_hand_over_commands},
      {"f2", "100 clients looping on one lock", measure_contest},
      {"g", "refresh at scale", measure_refresh},
      {"h", "the embedded store", measure_local},
      {"i", "the command", measure_command},
      {"j", "contents", measure_contents},
      {"k", "what a pair costs the server", measure_pair_cost},
      {"l", "what a hand-over costs the server", measure_hand_over_cost},
      {"m", "what waiting costs", measure_waiting},
      {"n", "order of first attempts", measure_first_attempts},
  };
  return all;
}

}  // namespace exclusive_lock::bench
