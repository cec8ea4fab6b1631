#pragma once
// What is done to two stores at once: a sequence of commands, drawn from a seed before any of them
// is carried out, so that the same sequence can be run again with some of them left out.
//
// Whoever adds a deed: a name here, its part in draw_sequence(), its words in text_of(), and what
// it does in duel.cpp (or in both sides, where it is done behind the library's back).

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol.hpp"

namespace exclusive_lock::conformance {

inline constexpr std::size_t objects_of_a_sequence = 6;
// Object i asks through client i % 3. The first two are told of grants, the third is not.
inline constexpr std::size_t clients_of_a_side = 3;
inline constexpr std::size_t clients_that_are_told = 2;
// Side keys are beside the key in two ways: see key_codec.hpp.
inline constexpr std::array<const char*, 3> keys_of_a_sequence{"cross:a", "cross:b%20b",
                                                               "{cross:c}:c"};

// 2^53 - 1, the highest that is given out: what is beyond it cannot be counted on.
inline constexpr std::uint64_t highest_fence = (std::uint64_t{1} << 53U) - 1;

enum class Deed {
  attempt,       // with wait options, where the command has one
  heartbeat,     //
  refresh,       // of all keys, where `everywhere` is set
  release,       // that says that the work was done, or closes the name, where the command does
  inspect,       //
  list,          //
  list_marks,    //
  forget,        //
  remove,        // of what is there, or of something else
  plant,         // `planted` at the key
  plant_fence,   // `planted` at the key of the fence
  erase,         // the record
  erase_fence,   //
  wipe,          //
  lose_clients,  // client and objects of `object` are gone, and new ones come
};

struct Command {
  // In its sequence, and the milliseconds of the second in which it is carried out: so no two
  // commands have one instant, and no record ends at the instant of a command (a server lets it
  // live for that millisecond).
  int number = 0;
  std::chrono::seconds pause{};  // before it; below 0: the clock is set back
  // Instead: to the very end of the time for which the last entry counts as alive.
  bool at_end_of_alive = false;

  Deed deed = Deed::inspect;
  std::size_t key = 0;
  std::size_t object = 0;
  Ticket ticket = 0;
  std::chrono::seconds ttl{};
  std::chrono::seconds alive_for{};
  std::optional<std::chrono::seconds> confirm_ttl{};  // an attempt: has wait options
  bool keeps_place = false;  // an attempt: with the arrival that this object was told before
  std::size_t max_waiting = 10'000;
  std::size_t barging_limit = 0;                     // of an attempt and of a release
  std::optional<std::chrono::seconds> done_for{};    // of a release
  std::optional<std::chrono::seconds> closed_for{};  // of a release
  Fence floor{};
  bool is_too_late = false;
  std::size_t contents_size = 1;
  bool everywhere = false;
  bool is_expected = true;  // remove: what is there
  std::size_t max_listed = 100;
  std::string planted{};
};

struct Sequence {
  std::uint64_t seed = 0;
  std::vector<Command> commands;
  std::string name = "drawn";
};

Sequence draw_sequence(std::uint64_t seed);

// Those that showed a difference once, as short as they can be, and those that a mutant of the
// scripts needs to be found (tests/mutation).
std::vector<Sequence> fixed_sequences();

// One line, without a line break.
std::string text_of(const Command& command);

// The id of that object in that sequence, after so many losses of clients.
Owner owner_of(std::uint64_t seed, std::size_t object, int generation, Ticket ticket);

}  // namespace exclusive_lock::conformance
