#include "conformance/cross_check/command.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <random>

#include "core/record_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr int max_commands = 90;

// This object never waits, and others forge records of it alone: forging one of an object that
// waits makes what no verb does, an entry beside a record of one object, and there stores may
// differ.
constexpr std::size_t object_that_only_tries = objects_of_a_sequence - 1;

// Where the order of tickets is hard to get right: at both halves of 64 bits.
constexpr std::array<Ticket, 4> first_tickets{1, 0xffff'fffeU, 0x1'ffff'ffffU,
                                              0x7fff'ffff'ffff'fffeU};

// The same numbers with every standard library, so that a seed replays everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // From 0 to `end` - 1; `end` is positive.
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool once_in(std::uint64_t times) { return below(times) == 0; }
  bool percent(std::uint64_t part) { return below(100) < part; }
  std::chrono::seconds seconds(std::uint64_t least, std::uint64_t most) {
    return std::chrono::seconds(least + below(most - least + 1));
  }

 private:
  std::mt19937_64 engine_;
};

class Drawing {
 public:
  explicit Drawing(std::uint64_t seed) : random_(seed), seed_(seed) {
    for (Ticket& ticket : tickets_) {
      ticket = first_tickets[random_.below(first_tickets.size())];
    }
    // In some sequences all want one lock.
    keys_ = 1 + random_.below(keys_of_a_sequence.size());
  }

  Sequence draw() {
    Sequence sequence{.seed = seed_, .commands = {}};
    for (int number = 1; number <= max_commands; ++number) {
      Command command = next();
      command.number = number;
      command.pause = pause();
      command.at_end_of_alive = random_.once_in(25);
      sequence.commands.push_back(std::move(command));
    }
    return sequence;
  }

 private:
  Command next() {
    if (!to_come_.empty()) {
      Command command = to_come_.front();
      to_come_.pop_front();
      return command;
    }
    if (random_.once_in(25)) {
      return begin_pass_count();
    }
    Command command{.key = random_.below(keys_), .object = random_.below(objects_of_a_sequence)};
    command.ticket = tickets_[command.object];
    const std::uint64_t drawn = random_.below(100);
    if (drawn < 40) {
      return attempt(command);
    }
    if (drawn < 80) {
      return follow_up(command, drawn);
    }
    if (drawn < 90) {
      return look(command, drawn);
    }
    return meddle(command);
  }

  Command attempt(Command command) {
    auto& made = attempts_[command.object];
    if (!made.empty() && random_.percent(25)) {  // it arrives once more, or late
      const std::size_t back = random_.below(std::min<std::size_t>(made.size(), 3));
      return *std::prev(made.end(), static_cast<std::ptrdiff_t>(back) + 1);
    }
    command.deed = Deed::attempt;
    command.ticket = ++tickets_[command.object];
    command.ttl = random_.seconds(1, 60);
    command.contents_size = random_.once_in(8) ? 1900 + random_.below(400) : 1 + random_.below(9);
    command.floor = floor();
    command.is_too_late = random_.once_in(20);
    command.barging_limit = pass_count();
    if (random_.percent(65) && command.object != object_that_only_tries) {
      command.confirm_ttl = random_.seconds(1, 9);
      command.alive_for = random_.seconds(1, 20);
      command.keeps_place = random_.percent(30);
      command.max_waiting = random_.once_in(8) ? random_.below(3) : 10'000;
    }
    made.push_back(command);
    return command;
  }

  // The lock is free, and somebody takes it past those who wait, again and again: rarely enough do
  // commands that have nothing to do with each other use a pass count up.
  Command begin_pass_count() {
    const Command free{.deed = Deed::erase, .key = random_.below(keys_)};
    const std::size_t most = 1 + random_.below(2);
    for (std::uint64_t times = 1 + random_.below(3); times > 0; --times) {
      Command attempt{.deed = Deed::attempt,
                      .key = free.key,
                      .object = object_that_only_tries,
                      .ticket = ++tickets_[object_that_only_tries],
                      .ttl = random_.seconds(1, 60),
                      .barging_limit = most};
      Command release = attempt;
      release.deed = Deed::release;
      attempts_[object_that_only_tries].push_back(attempt);
      to_come_.push_back(std::move(attempt));
      to_come_.push_back(std::move(release));
    }
    return free;
  }

  // Of an attempt that was made: mostly its last one.
  Command follow_up(Command command, std::uint64_t drawn) {
    const auto& made = attempts_[command.object];
    if (!made.empty() && random_.percent(90)) {
      command.key = made.back().key;
    }
    if (random_.once_in(10)) {
      random_.once_in(3) ? ++command.ticket : --command.ticket;
    }
    command.ttl = random_.seconds(1, 60);
    command.alive_for = random_.seconds(1, 20);
    command.everywhere = random_.once_in(4);
    command.deed = drawn < 55 ? Deed::heartbeat : drawn < 63 ? Deed::refresh : Deed::release;
    command.barging_limit = pass_count();
    if (command.deed == Deed::release && random_.once_in(3)) {
      command.done_for = random_.seconds(1, 40);
    }
    if (command.deed == Deed::release && random_.once_in(6)) {
      command.closed_for = random_.seconds(1, 20);
    }
    return command;
  }

  Command look(Command command, std::uint64_t drawn) {
    constexpr std::array<Deed, 10> deeds{
        Deed::inspect, Deed::inspect, Deed::inspect,    Deed::inspect,    Deed::inspect,
        Deed::list,    Deed::list,    Deed::list_marks, Deed::list_marks, Deed::forget};
    command.deed = deeds.at(drawn - 80);
    command.max_listed = random_.once_in(3) ? 1 : 100;
    return command;
  }

  // What others do.
  Command meddle(Command command) {
    constexpr std::array<Deed, 12> deeds{Deed::remove,      Deed::remove, Deed::remove,
                                         Deed::plant,       Deed::plant,  Deed::plant_fence,
                                         Deed::plant_fence, Deed::erase,  Deed::erase,
                                         Deed::erase_fence, Deed::wipe,   Deed::lose_clients};
    command.deed = deeds[random_.below(deeds.size())];
    command.is_expected = random_.percent(75);
    command.ttl = random_.once_in(4) ? 0s : random_.seconds(1, 20);
    if (command.deed == Deed::plant) {
      command.planted = strangers_record();
    } else if (command.deed == Deed::plant_fence) {
      command.planted = strangers_fence();
    }
    return command;
  }

  // A stranger's, or one of ours that somebody has damaged.
  std::string strangers_record() {
    const Ticket last = tickets_[object_that_only_tries];
    const Owner owner = owner_of(seed_, object_that_only_tries, 0, last + 1 - random_.below(3));
    const std::string opening = std::string(record_opening) + owner_text(owner) + R"(",)";
    const std::array<std::string, 7> values{"",
                                            "1",
                                            R"({"owner":"somebody else"})",
                                            opening + R"("fence":0,"since_us":1})",
                                            opening + R"("fence":9007199254740991,"since_us":1})",
                                            opening + R"("fence":9007199254740992,"since_us":1})",
                                            opening + R"("since_us":1})"};
    return values[random_.below(values.size())];
  }

  std::string strangers_fence() {
    const std::array<std::string, 7> values{"",
                                            "not a fence",
                                            "-5",
                                            std::to_string(highest_fence),
                                            std::to_string(highest_fence + 2),
                                            std::to_string(highest_fence - 1 - random_.below(3)),
                                            "8000000000000000"};
    return values[random_.below(values.size())];
  }

  Fence floor() {
    const std::uint64_t drawn = random_.below(40);
    return drawn == 0   ? Fence{highest_fence - random_.below(3)}
           : drawn == 1 ? Fence{highest_fence + 1}
           : drawn < 6  ? Fence{8'000'000'000'000'000U + random_.below(1000)}
                        : Fence{random_.below(1000)};
  }

  std::size_t pass_count() { return random_.once_in(2) ? 0 : 1 + random_.below(3); }

  std::chrono::seconds pause() {
    const std::uint64_t drawn = random_.below(100);
    return drawn == 0   ? 25h                      // every fence is forgotten
           : drawn == 1 ? random_.seconds(55, 65)  // as long as a queue is kept
           : drawn < 5  ? -random_.seconds(1, 10)  // the clock is set back
           : drawn < 8  ? random_.seconds(10, 30)  //
           : drawn < 30 ? random_.seconds(1, 4)    //
                        : 0s;
  }

  Random random_;
  std::uint64_t seed_;
  std::uint64_t keys_ = 1;
  std::array<Ticket, objects_of_a_sequence> tickets_{};
  std::array<std::vector<Command>, objects_of_a_sequence> attempts_;
  std::deque<Command> to_come_;
};

std::string pass_count_text(const Command& command) {
  return command.barging_limit > 0 ? " pass_count=" + std::to_string(command.barging_limit) : "";
}

std::string closing_text(const Command& command) {
  const auto text = [](const char* what, const auto& time) {
    return time ? what + std::to_string(time->count()) + "s" : std::string();
  };
  return text(" done_for=", command.done_for) + text(" closed_for=", command.closed_for);
}

std::string text_of_attempt(const Command& command) {
  std::string text = "attempt ttl=" + std::to_string(command.ttl.count()) +
                     "s floor=" + std::to_string(command.floor.value) +
                     " contents=" + std::to_string(command.contents_size) +
                     (command.is_too_late ? " too late" : "") + pass_count_text(command);
  if (command.confirm_ttl) {
    text += " waits: alive_for=" + std::to_string(command.alive_for.count()) +
            "s confirm_ttl=" + std::to_string(command.confirm_ttl->count()) +
            "s max_waiting=" + std::to_string(command.max_waiting) +
            (command.keeps_place ? " keeps its place" : "");
  }
  return text;
}

std::string text_of_deed(const Command& command) {
  const std::string ttl = "ttl=" + std::to_string(command.ttl.count()) + "s";
  switch (command.deed) {
    case Deed::attempt:
      return text_of_attempt(command);
    case Deed::heartbeat:
      return "heartbeat " + ttl + " alive_for=" + std::to_string(command.alive_for.count()) + "s";
    case Deed::refresh:
      return "refresh " + ttl + (command.everywhere ? " of all keys" : "");
    case Deed::release:
      return "release" + pass_count_text(command) + closing_text(command);
    case Deed::inspect:
      return "inspect";
    case Deed::list:
      return "list " + std::to_string(command.max_listed);
    case Deed::list_marks:
      return "list " + std::to_string(command.max_listed) + " marks";
    case Deed::forget:
      return "forget the mark";
    case Deed::remove:
      return command.is_expected ? "remove what is there" : "remove something else";
    case Deed::plant:
      return "SET record '" + command.planted + "' " + ttl;
    case Deed::plant_fence:
      return "SET fence '" + command.planted + "' " + ttl;
    case Deed::erase:
      return "DEL record";
    case Deed::erase_fence:
      return "DEL fence";
    case Deed::wipe:
      return "FLUSHALL";
    case Deed::lose_clients:
      return "the client is gone, and another comes";
  }
  return "nothing";
}

}  // namespace

Sequence draw_sequence(std::uint64_t seed) { return Drawing(seed).draw(); }

std::string text_of(const Command& command) {
  return "#" + std::to_string(command.number) + " " +
         (command.at_end_of_alive ? "(at the end of alive_for) " : "") +
         (command.pause != 0s ? "(after " + std::to_string(command.pause.count()) + "s) " : "") +
         keys_of_a_sequence.at(command.key) + " object " + std::to_string(command.object) +
         " ticket " + std::to_string(command.ticket) + ": " + text_of_deed(command);
}

Owner owner_of(std::uint64_t seed, std::size_t object, int generation, Ticket ticket) {
  Random random(seed * 1000 + object * 100 + static_cast<std::uint64_t>(generation));
  Owner owner{.id = {}, .ticket = ticket};
  for (auto& byte : owner.id) {
    byte = static_cast<std::uint8_t>(random.below(256));
  }
  return owner;
}

}  // namespace exclusive_lock::conformance
