#include <utility>

#include "conformance/cross_check/command.hpp"
#include "core/record_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

Command tries(std::size_t object, Ticket ticket) {
  return {.deed = Deed::attempt, .object = object, .ticket = ticket, .ttl = 30s};
}

Command waits(std::size_t object, Ticket ticket) {
  Command command = tries(object, ticket);
  command.alive_for = 20s;
  command.confirm_ttl = 5s;
  return command;
}

Command does(Deed deed, std::size_t object = 0, Ticket ticket = 1) {
  return {.deed = deed, .object = object, .ticket = ticket, .ttl = 30s};
}

Command after(std::chrono::seconds pause, Command command) {
  command.pause = pause;
  return command;
}

Command for_ttl(std::chrono::seconds ttl, Command command) {
  command.ttl = ttl;
  return command;
}

Command alive_for(std::chrono::seconds time, Command command) {
  command.alive_for = time;
  return command;
}

Command back_to_its_place(std::size_t max_waiting, Command command) {
  command.keeps_place = true;
  command.max_waiting = max_waiting;
  return command;
}

Command barging(std::size_t pass_count, Command command) {
  command.barging_limit = pass_count;
  return command;
}

Command done(std::chrono::seconds time, Command command) {
  command.done_for = time;
  return command;
}

Command closed(std::chrono::seconds time, Command command) {
  command.closed_for = time;
  return command;
}

Command above(std::uint64_t floor, Command command) {
  command.floor = Fence{floor};
  return command;
}

Command planted(Deed deed, std::string value, std::chrono::seconds ttl) {
  return {.deed = deed, .ttl = ttl, .planted = std::move(value)};
}

Sequence sequence(std::string name, std::vector<Command> commands) {
  int number = 0;
  for (Command& command : commands) {
    command.number = ++number;
  }
  return {.commands = std::move(commands), .name = std::move(name)};
}

}  // namespace

std::vector<Sequence> fixed_sequences() {
  return {
      sequence("whoever comes when the clock was set back is behind the others",
               {tries(0, 1), waits(1, 1), after(-5s, waits(2, 1)), waits(3, 1),
                does(Deed::release, 0), does(Deed::release, 1), does(Deed::release, 2)}),
      sequence("the record of the highest fence is its owner's",
               {above(highest_fence - 1, tries(0, 1)), tries(0, 1), waits(1, 1),
                does(Deed::heartbeat, 0), does(Deed::release, 0), does(Deed::heartbeat, 1)}),
      sequence("nothing is above the highest fence, and nobody leaves the queue for it",
               {above(highest_fence - 1, tries(0, 1)), waits(1, 1), tries(0, 2),
                after(31s, does(Deed::heartbeat, 1)), tries(2, 1), does(Deed::erase_fence),
                does(Deed::heartbeat, 1)}),
      sequence("a hand-over in the same step uses up the last fence",
               {planted(Deed::plant_fence, std::to_string(highest_fence - 1), 20s),
                planted(Deed::plant, "1", 1s), waits(1, 1), after(2s, waits(1, 2))}),
      sequence("a try that its own waiting successor has overtaken",
               {tries(0, 1), waits(1, 5), tries(1, 4), does(Deed::heartbeat, 1, 5)}),
      sequence("the fence of the record that ends counts, though the kept one is gone",
               {above(8'000'000'000'000'000U, tries(0, 1)), waits(1, 1), does(Deed::erase_fence),
                does(Deed::release, 0), does(Deed::heartbeat, 1)}),
      sequence(
          "also where the first one in line is dead",
          {above(8'000'000'000'000'000U, tries(0, 1)), alive_for(1s, waits(1, 1)), waits(2, 1),
           does(Deed::erase_fence), after(3s, does(Deed::release, 0)), does(Deed::heartbeat, 2)}),
      sequence("and that of a record that is removed",
               {above(8'000'000'000'000'000U, tries(0, 1)), waits(1, 1), does(Deed::erase_fence),
                does(Deed::remove, 2), does(Deed::heartbeat, 1)}),
      sequence("the fence of the record mends a kept one that is none",
               {tries(0, 1), planted(Deed::plant_fence, "x", 20s), waits(1, 1), tries(2, 1),
                does(Deed::release, 0), does(Deed::heartbeat, 1)}),
      sequence("whoever waits once more keeps the queue",
               {tries(0, 1), waits(1, 1), waits(2, 1), after(10s, waits(2, 2))}),
      sequence("a heartbeat hands over to somebody else",
               {for_ttl(5s, tries(0, 1)), alive_for(60s, waits(1, 1)), alive_for(60s, waits(2, 1)),
                after(6s, does(Deed::heartbeat, 2)), does(Deed::heartbeat, 1)}),
      sequence("whoever comes back to its place is one too many",
               {tries(0, 1), waits(1, 1), does(Deed::release, 1), waits(2, 1),
                back_to_its_place(1, waits(1, 2)), back_to_its_place(2, waits(1, 3))}),
      sequence("a kept fence beyond the highest is none",
               {planted(Deed::plant_fence, std::to_string(highest_fence + 2), 20s),
                planted(Deed::plant, "1", 1s), tries(0, 1), after(2s, tries(0, 2))}),
      sequence("an owner of another length is a stranger",
               {planted(Deed::plant,
                        R"({"owner":"0123456789abcdef0123456789abcde-0000000000000001",)"
                        R"("fence":8000000000000000,"since_us":1})",
                        20s),
                tries(0, 1)}),
      sequence(
          "two go past whoever is first, and not a third",
          {tries(0, 1), waits(1, 1), waits(2, 1), barging(2, does(Deed::release, 0)),
           barging(2, tries(3, 1)), barging(2, does(Deed::release, 3)), barging(2, tries(4, 1)),
           barging(2, does(Deed::release, 4)), does(Deed::heartbeat, 1),
           barging(2, does(Deed::release, 1)), barging(2, tries(5, 1))}),
      sequence(
          "who waits goes past nobody",
          {tries(0, 1), waits(1, 1), waits(2, 1), barging(2, does(Deed::release, 0)),
           barging(2, waits(2, 2)), barging(2, does(Deed::release, 1)), barging(2, tries(2, 3))}),
      sequence("the pass_count goes on when the first one leaves, and ends with the last",
               {tries(0, 1), waits(1, 1), waits(2, 1), barging(2, does(Deed::release, 0)),
                barging(2, tries(3, 1)), does(Deed::release, 1), does(Deed::release, 2)}),
      sequence("nothing goes past those who wait above the highest fence",
               {tries(0, 1), waits(1, 1), barging(2, does(Deed::release, 0)),
                above(highest_fence, barging(2, tries(3, 1))),
                planted(Deed::plant_fence, std::to_string(highest_fence), 20s),
                barging(2, tries(3, 2)), does(Deed::erase_fence), barging(2, tries(3, 3))}),
      sequence("whoever does not listen any more is not woken",
               {tries(2, 1), waits(0, 1), waits(1, 1), does(Deed::lose_clients, 0),
                barging(1, does(Deed::release, 2)), does(Deed::heartbeat, 1)}),
      sequence("the dead leave before a pass_count that is used up hands over",
               {tries(0, 1), alive_for(1s, waits(1, 1)), waits(2, 1), waits(4, 1),
                barging(1, does(Deed::release, 0)), barging(1, tries(3, 1)),
                after(3s, barging(1, does(Deed::release, 3))), does(Deed::heartbeat, 2)}),
      sequence("nobody leaves the queue where no fence can be given, the dead included",
               {above(highest_fence - 1, tries(0, 1)), alive_for(1s, waits(1, 1)), waits(2, 1),
                after(3s, does(Deed::release, 0)), does(Deed::heartbeat, 2)}),
      sequence("a lock that is left free is nobody's, whoever of those that wait is dead",
               {tries(0, 1), alive_for(1s, waits(1, 1)), alive_for(1s, waits(2, 1)),
                after(3s, barging(1, does(Deed::release, 0))), tries(3, 1)}),
      sequence("a hand-over ends the pass_count, also past the dead",
               {tries(0, 1), alive_for(1s, waits(1, 1)), waits(2, 1), waits(4, 1),
                barging(3, does(Deed::release, 0)), barging(3, tries(3, 1)),
                after(3s, does(Deed::release, 3)), barging(1, does(Deed::release, 2)),
                barging(1, tries(5, 1))}),
      sequence("a removal that finds nothing hands over",
               {for_ttl(5s, tries(0, 1)), alive_for(60s, waits(1, 1)),
                after(6s, does(Deed::remove, 2)), does(Deed::inspect, 1)}),
      sequence("a shorter time does not cut that of the mark before",
               {tries(0, 1), done(30s, does(Deed::release, 0)), tries(1, 1),
                done(1s, does(Deed::release, 1)), after(2s, does(Deed::inspect)),
                does(Deed::list_marks), does(Deed::forget), does(Deed::forget)}),
      sequence("a record that somebody has damaged leaves a mark that says nothing",
               {planted(Deed::plant,
                        std::string(record_opening) + owner_text(owner_of(0, 0, 0, 1)) +
                            R"(","since_us":1})",
                        20s),
                done(30s, does(Deed::release, 0)), does(Deed::inspect)}),
      sequence("a name that stays closed is nobody's until then",
               {tries(0, 1), waits(1, 1), closed(5s, done(30s, does(Deed::release, 0))),
                does(Deed::refresh, 0), tries(0, 2), does(Deed::release, 0, 2),
                does(Deed::heartbeat, 1), after(6s, does(Deed::heartbeat, 1))}),
      sequence("a name without a ttl is closed for a while",
               {planted(Deed::plant,
                        std::string(record_opening) + owner_text(owner_of(0, 0, 0, 1)) +
                            R"(","fence":7,"since_us":1})",
                        0s),
                closed(5s, does(Deed::release, 0)), after(6s, tries(1, 1))}),
  };
}

}  // namespace exclusive_lock::conformance
