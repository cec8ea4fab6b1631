#pragma once
// What kind of run a seed makes: how many there are, how bad the network is, which faults strike.

#include <string>
#include <vector>

#include "core/protocol.hpp"
#include "sim/clocks.hpp"
#include "sim/random.hpp"

namespace exclusive_lock::sim {

struct Scenario {
  explicit Scenario(Random& random);

  Rate store_rate;
  std::vector<std::string> keys;
  std::size_t processes;
  std::size_t locks_per_process;
  bool objects_are_shared;    // by two callers each
  Nanoseconds failure_lasts;  // from the start to the calm

  // Of the network, in percent of the messages.
  std::uint64_t lost;
  std::uint64_t late;
  std::uint64_t repeated;  // of the attempts
  std::uint64_t pushes_lost;
  std::uint64_t pushes_late;
  std::uint64_t
      pushes_forged;  // of the attempts: a wake-up for its object that the store did not send
  std::uint64_t pushes_lost_in_calm;
  // Of the attempts, once it is calm: they meet a server without the script, and are sent once
  // more, behind what was sent meanwhile.
  std::uint64_t sent_again_in_calm;
  // Once it is calm, the first release of each ticket is lost on its way.
  bool releases_lost_in_calm;
  Nanoseconds max_delay;  // of a message that is not late

  // How often something strikes; zero: never.
  Nanoseconds fault_pause;
  // The store loses data, or its clock steps, or is slewed, or nothing of it: G2 holds over each,
  // but not over two of them.
  enum class StoreFailure { none, data, clock, slew };
  StoreFailure store_failure;

  // In some runs each process also starts the same job, and one run of it is enough in so long
  // (G12); zero: there is no such job.
  Milliseconds period;
};

// Times that all runs have in common.
inline constexpr Milliseconds min_ttl{300};
inline constexpr Milliseconds max_ttl{1500};

}  // namespace exclusive_lock::sim
