#pragma once
// A contest: clients in several processes want one lock again and again. They are started once and
// play as many rounds as wanted.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench.hpp"
#include "journal.hpp"
#include "worker_process.hpp"

namespace exclusive_lock::bench {

// Who plays; the words that the worker knows them by.
inline constexpr const char* library_side = "library";
inline constexpr const char* library_apart_side = "library-apart";  // a connection for each client
inline constexpr const char* queue_side = "floor-queue";            // contender.hpp
inline constexpr const char* scripts_side = "floor-scripts";        // contender.hpp
inline constexpr const char* plain_side = "floor-plain";            // plain_lock.hpp
inline constexpr const char* flock_side = "flock";

// What `bench_worker wait` waits for.
inline constexpr const char* waited_for = "waited-for";

enum class Manners {
  again_at_once,    // wants it again as soon as it has released it
  after_the_other,  // wants it again when another one has it, so that every release is a
                    // hand-over
};

struct ContestRules {
  std::chrono::milliseconds length;
  std::chrono::microseconds hold;
  Manners manners;
};

struct ContestResult {
  std::vector<double> hand_overs_us;  // release call to the return of another's acquire, which was
                                      // waiting
  double share_in_order = 0;  // of all entries, that went to the waiter that had waited longest
  double share_in_order_later = 0;     // the same without the first try of each client
  double share_in_order_first = 0;     // of the first tries alone
  double max_wait_in_fair_shares = 0;  // fair: the others once each, at the pace of the round
  std::size_t entries = 0;
};
// `clients`: how many take part.
ContestResult judge(std::vector<JournalLine> lines, std::size_t clients);

struct TeamPlan {
  std::string side;
  std::string place;  // URL for the library, port for the queue, file for flock
  int processes = 1;
  int clients_of_each = 1;
};

class Team {
 public:
  Team(const Programs& programs, const TeamPlan& plan);

  ContestResult play(const ContestRules& rules);
  // The two halves of play(), for looking on meanwhile.
  void begin(const ContestRules& rules);
  ContestResult end();

  [[nodiscard]] std::size_t clients() const noexcept { return clients_; }
  [[nodiscard]] const Journal& journal() const noexcept { return journal_; }

 private:
  std::size_t clients_;
  Journal journal_;
  std::vector<WorkerProcess> workers_;
  Instant ends_at_{};
};

}  // namespace exclusive_lock::bench
