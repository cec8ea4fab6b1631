#include "conformance/cross_check/duel.hpp"

#include <array>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "conformance/cross_check/reply_text.hpp"
#include "conformance/requester.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// Carries commands out on one side.
class Hand {
 public:
  Hand(Side& side, std::uint64_t seed) : side_(side), seed_(seed) {}

  // What it says.
  std::string carry_out(const Command& command) {
    key_ = keys_of_a_sequence.at(command.key);
    owner_ = owner_of(seed_, command.object, generations_.at(command.object), command.ticket);
    return act(command);
  }

  [[nodiscard]] Side& side() { return side_; }

 private:
  std::string act(const Command& command) {
    switch (command.deed) {
      case Deed::attempt:
        return attempt(command);
      case Deed::heartbeat:
        return ask<HeartbeatReply>(command, [&](Store& store, auto done) {
          store.heartbeat(
              {.key = key_, .owner = owner_, .ttl = command.ttl, .alive_for = command.alive_for},
              deadline(), std::move(done));
        });
      case Deed::refresh:
        return refresh(command);
      case Deed::release:
        return ask<ReleaseReply>(command, [&](Store& store, auto done) {
          store.release({.key = key_,
                         .owner = owner_,
                         .barging_limit = command.barging_limit,
                         .done_for = command.done_for,
                         .closed_for = command.closed_for},
                        deadline(), std::move(done));
        });
      case Deed::inspect:
        return ask<InspectReply>(command, [&](Store& store, auto done) {
          store.inspect(key_, deadline(), std::move(done));
        });
      case Deed::list:
        return text_of(answer<ListReply>(command,
                                         [&](Store& store, auto done) {
                                           store.list("cross:", command.max_listed, deadline(),
                                                      std::move(done));
                                         }),
                       command.max_listed);
      case Deed::list_marks:
        return text_of(answer<ListMarksReply>(command,
                                              [&](Store& store, auto done) {
                                                store.list_marks("cross:", command.max_listed,
                                                                 deadline(), std::move(done));
                                              }),
                       command.max_listed);
      case Deed::forget:
        return ask<ForgetReply>(command, [&](Store& store, auto done) {
          store.forget(key_, deadline(), std::move(done));
        });
      case Deed::remove:
        return remove(command);
      default:
        return meddle(command);
    }
  }

  std::string meddle(const Command& command) {
    const std::string fence = fence_key(key_).value();
    const std::optional<Milliseconds> ttl =
        command.ttl == 0s ? std::nullopt : std::optional<Milliseconds>(command.ttl);
    if (command.deed == Deed::plant) {
      side_.plant(key_, command.planted, ttl);
    } else if (command.deed == Deed::plant_fence) {
      side_.plant(fence, command.planted, ttl);
    } else if (command.deed == Deed::erase) {
      side_.erase(key_);
    } else if (command.deed == Deed::erase_fence) {
      side_.erase(fence);
    } else if (command.deed == Deed::wipe) {
      side_.wipe();
    } else {
      lose_client(command.object % clients_of_a_side);
    }
    return "";
  }

  // No request of theirs comes any more.
  void lose_client(std::size_t client) {
    side_.lose_client(client);
    for (std::size_t object = client; object < objects_of_a_sequence; object += clients_of_a_side) {
      ++generations_.at(object);
    }
  }

  std::string attempt(const Command& command) {
    AttemptRequest request{
        .key = key_,
        .owner = owner_,
        .ttl = command.ttl,
        .record_tail = encode_record_tail(
            {.ttl = command.ttl,
             .host = "h",
             .pid = static_cast<std::int64_t>(command.object),
             .label = "l\n",
             .contents_text = '"' + std::string(command.contents_size, 'c') + '"'}),
        .floor = command.floor,
        .not_after = side_.requesters_clock().now() + (command.is_too_late ? -10'000h : 10'000h),
        .barging_limit = command.barging_limit};
    std::optional<StoreTime>& arrived_at = arrivals_[owner_text(with_ticket(owner_, 0)) + key_];
    if (command.confirm_ttl) {
      request.wait_options = WaitOptions{.alive_for = command.alive_for,
                                         .confirm_ttl = *command.confirm_ttl,
                                         .max_waiting = command.max_waiting};
      if (command.keeps_place) {
        request.wait_options->arrived_at = arrived_at;
      }
    }
    const auto said = answer<AttemptReply>(command, [&](Store& store, auto done) {
      store.attempt(request, deadline(), std::move(done));
    });
    const auto* reply = std::get_if<AttemptReply>(&said);
    if (reply != nullptr && reply->arrived_at) {
      arrived_at = reply->arrived_at;
    }
    return text_of(said);
  }

  std::string refresh(const Command& command) {
    std::vector<RefreshRequest> requests;
    for (const char* key : keys_of_a_sequence) {
      if (command.everywhere || key == key_) {
        requests.push_back({.key = key, .owner = owner_, .ttl = command.ttl});
      }
    }
    return ask<RefreshReply>(command, [&](Store& store, auto done) {
      store.refresh(requests, deadline(), std::move(done));
    });
  }

  std::string remove(const Command& command) {
    const auto there = answer<InspectReply>(command, [&](Store& store, auto done) {
      store.inspect(key_, deadline(), std::move(done));
    });
    const auto* found = std::get_if<InspectReply>(&there);
    const bool is_there = found != nullptr && found->record;
    const std::string expected =
        is_there && command.is_expected ? found->record->value : "something else";
    return ask<RemoveReply>(command, [&](Store& store, auto done) {
      store.remove(key_, expected, deadline(), std::move(done));
    });
  }

  template <class Reply, class Verb>
  Answer<Reply> answer(const Command& command, const Verb& verb) {
    Store& store = side_.client(command.object % clients_of_a_side);
    return answer_of<Reply>([&](Done<Reply> done) { verb(store, std::move(done)); });
  }
  template <class Reply, class Verb>
  std::string ask(const Command& command, const Verb& verb) {
    return text_of(answer<Reply>(command, verb));
  }

  [[nodiscard]] Instant deadline() const { return side_.requesters_clock().now() + 20s; }

  Side& side_;
  std::uint64_t seed_;
  std::string key_;
  Owner owner_;
  std::array<int, objects_of_a_sequence> generations_{};
  std::map<std::string, std::optional<StoreTime>> arrivals_;  // by owner id and key
};

// When each command is carried out: see Command::number.
class Clock {
 public:
  StoreTime next(const Command& command, ModelSide& model) {
    StoreTime then = std::chrono::floor<std::chrono::seconds>(now_) + command.pause +
                     Milliseconds(command.number);
    if (then < now_ && model.would_revive_something(then)) {
      then -= command.pause;
    }
    const bool is_new = alive_until_ > now_ && !used_.contains(alive_until_);
    if (command.at_end_of_alive && is_new && !model.would_end_something(alive_until_)) {
      then = alive_until_;
    }
    now_ = then;
    used_.insert(now_);
    if (command.deed == Deed::heartbeat || command.confirm_ttl) {
      alive_until_ = now_ + command.alive_for;
    }
    return now_;
  }

 private:
  StoreTime now_ = standing_clock_begins_at;
  StoreTime alive_until_ = now_;
  std::set<StoreTime> used_;
};

std::string all_kept(Side& side) {
  std::string text;
  for (const char* key : keys_of_a_sequence) {
    text += std::string(key) + "\n" + side.kept(key);
  }
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "  " + line + "\n";
  }
  return text;
}

std::optional<Difference> different(std::string what, std::string model, std::string other) {
  return model == other
             ? std::nullopt
             : std::optional(Difference{
                   .what = std::move(what), .model = std::move(model), .other = std::move(other)});
}

std::optional<Difference> difference_after(const Command& command, Hand& model, Hand& other,
                                           Transcript* transcript) {
  const std::string said = model.carry_out(command);
  if (transcript != nullptr) {
    transcript->push_back(text_of(command) + (said.empty() ? "" : "\n    " + said));
  }
  if (auto found = different("reply to " + text_of(command), said, other.carry_out(command))) {
    return found;
  }
  for (std::size_t client = 0; client < clients_that_are_told; ++client) {
    const auto pushed = model.side().pushes(client, 0);
    if (auto found =
            different("pushes to client " + std::to_string(client) + " after " + text_of(command),
                      joined(pushed), joined(other.side().pushes(client, pushed.size())))) {
      return found;
    }
  }
  const std::string key = keys_of_a_sequence.at(command.key);
  return different("what is kept after " + text_of(command), model.side().kept(key),
                   other.side().kept(key));
}

}  // namespace

std::optional<Difference> find_difference(const Sequence& sequence, ModelSide& model, Side& other,
                                          Transcript* transcript) {
  model.begin();
  other.begin();
  Hand models_hand(model, sequence.seed);
  Hand others_hand(other, sequence.seed);
  Clock clock;
  for (const Command& command : sequence.commands) {
    const StoreTime now = clock.next(command, model);
    model.set_clock(now);
    other.set_clock(now);
    if (auto found = difference_after(command, models_hand, others_hand, transcript)) {
      return found;
    }
  }
  if (auto found = different("what is kept at the end", all_kept(model), all_kept(other))) {
    return found;
  }
  other.let_pushes_come();
  for (std::size_t client = 0; client < clients_that_are_told; ++client) {
    if (auto found = different("pushes to client " + std::to_string(client) + " at the end",
                               joined(model.pushes(client, 0)), joined(other.pushes(client, 0)))) {
      return found;
    }
  }
  return std::nullopt;
}

Sequence shorten(Sequence sequence, ModelSide& model, Side& other, std::chrono::seconds limit) {
  const auto give_up_at = std::chrono::steady_clock::now() + limit;
  for (std::size_t part = sequence.commands.size() / 2; part > 0; part /= 2) {
    for (std::size_t from = 0; from < sequence.commands.size();) {
      Sequence without = sequence;
      const auto begin = without.commands.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = std::min(part, without.commands.size() - from);
      without.commands.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      if (std::chrono::steady_clock::now() > give_up_at) {
        return sequence;
      }
      if (find_difference(without, model, other)) {
        sequence = std::move(without);
      } else {
        from += part;
      }
    }
  }
  return sequence;
}

std::string story_of(const Sequence& sequence, ModelSide& model, Side& other,
                     std::chrono::seconds limit) {
  const Sequence shortened = shorten(sequence, model, other, limit);
  Transcript transcript;
  const auto found = find_difference(shortened, model, other, &transcript);
  std::string story = sequence.name + ", seed " + std::to_string(sequence.seed) +
                      ", shortened to " + std::to_string(shortened.commands.size()) + " of " +
                      std::to_string(sequence.commands.size()) + " commands:\n" +
                      joined(transcript);
  if (found) {
    story += "different: " + found->what + "\n--- model\n" + found->model + "\n--- other\n" +
             found->other + "\n";
  }
  return story;
}

}  // namespace exclusive_lock::conformance
