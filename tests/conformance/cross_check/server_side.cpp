#include "conformance/cross_check/server_side.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "stores/redis/redis_store.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// A user that may do everything but be told.
constexpr const char* deaf_user = "deaf";
constexpr const char* scratch_key = "scratch";

// All five keys in one step. What is not there is "", with -2 as its remaining ttl.
constexpr const char* dump = R"(
local said = {}
for i, read in ipairs({{'GET'}, {'GET'}, {'ZRANGE', 0, -1, 'WITHSCORES'}, {'HGETALL'}, {'GET'}}) do
  said[2 * i - 1] = redis.call(read[1], KEYS[i], unpack(read, 2)) or ''
  said[2 * i] = tostring(redis.call('PTTL', KEYS[i]))
end
return said)";

template <class Condition>
void wait_until(const Condition& condition, const char* what) {
  const auto give_up_at = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up_at) {
      throw std::runtime_error(std::string("in vain for 20 s: ") + what);
    }
    std::this_thread::sleep_for(1ms);
  }
}

// Owner ids of markers, which no object has.
Owner marker_owner(Ticket ticket) {
  Owner owner{.id = {}, .ticket = ticket};
  owner.id.fill(0xff);
  return owner;
}

std::optional<Milliseconds> remaining_in(const live::Reply& reply) {
  const auto ms = std::stoll(reply.text);
  return ms < 0 ? std::nullopt : std::optional(Milliseconds(ms));
}

// A line each for those that wait, in order, as the memory store shows them.
struct QueueTexts {
  std::string owners;
  std::string tails;
};

// `members`: with their places. `rests`: what the packed entries have no room for.
QueueTexts queue_texts(const live::Reply& members, const live::Reply& rests) {
  std::map<std::string, std::string> left;
  for (std::size_t i = 0; i + 1 < rests.items.size(); i += 2) {
    left["rest " + rests.items[i].text] = rests.items[i + 1].text;
  }
  std::vector<std::pair<std::string, std::string>> entries;  // text and place
  for (std::size_t i = 0; i + 1 < members.items.size(); i += 2) {
    const std::string& text = members.items[i].text;
    const std::string& place = members.items[i + 1].text;
    if (text.starts_with('2') && text.size() > 50) {
      entries.emplace_back(text, place);
    } else {
      left[text] = place;
    }
  }
  const auto take = [&left](const std::string& what) {
    const auto found = left.extract(what);
    return found ? found.mapped() : std::string();
  };
  QueueTexts texts;
  for (const auto& [text, place] : entries) {
    const std::string id = text.substr(1, 32);
    std::size_t tail = 0;
    for (int spaces = 0; spaces < 8; ++spaces) {
      tail = text.find(' ', tail) + 1;
    }
    texts.owners += text.substr(1, owner_text_size) + "\n";
    texts.tails += text.substr(tail) + take("rest " + id) + "\n";
    if (const std::string found_by = take(id); found_by != "-" + place) {
      texts.tails += "its place is " + place + ", and it is found at " + found_by + "\n";
    }
  }
  if (const std::string pass_count = take("pass_count"); !pass_count.empty()) {
    texts.tails +=
        "pass_count " + std::to_string(std::lround(std::stod(pass_count) * 1048576)) + "\n";
  }
  for (const auto& [what, value] : left) {
    texts.tails += "left over: " + what + " " + value + "\n";
  }
  return texts;
}

}  // namespace

ServerSide::ServerSide(live::ServerKind kind)
    : server_({.kind = kind, .environment = server_clock_.environment()}), raw_(server_.client()) {
  server_clock_.stand_at(standing_clock_begins_at);
  raw_.must({"ACL", "SETUSER", deaf_user, "on", ">pw", "~*", "&*", "+@all", "-subscribe"});
  for (std::size_t i = 0; i < clients_of_a_side; ++i) {
    clients_[i].pushes = std::make_shared<Pushes>();
    open(i);
  }
}

ServerSide::~ServerSide() {
  for (Client& client : clients_) {
    if (client.store != nullptr) {
      client.store->close();
    }
  }
}

std::set<std::string> ServerSide::channels() {
  const std::vector<std::string> all = raw_.texts({"PUBSUB", "CHANNELS", "exclusive-lock:push:*"});
  return {all.begin(), all.end()};
}

// It subscribes with its first attempt that has wait options.
void ServerSide::open(std::size_t number) {
  Client& client = clients_.at(number);
  const bool is_told = number < clients_that_are_told;
  RedisStoreOptions options;
  options.host = "127.0.0.1";
  options.port = server_.port();
  options.connect_timeout = options.command_timeout = 20s;
  options.url = server_.url();
  options.username = is_told ? "" : deaf_user;
  options.password = is_told ? "" : "pw";
  const std::set<std::string> before = channels();
  client.store = open_redis_store(options, clock_, nullptr);
  if (!is_told) {
    return;
  }
  client.store->listen(
      {.wake_up = [pushes = client.pushes](const WakeUp& wake_up) { pushes->note(wake_up); },
       .pushes_resumed = [] {}});
  static_cast<void>(answer_of<AttemptReply>([&](Done<AttemptReply> done) {
    client.store->attempt({.key = scratch_key,
                           .owner = marker_owner(1),
                           .ttl = 1s,
                           .record_tail = "}",
                           .floor = {},
                           .not_after = clock_.now() + 10'000h,
                           .wait_options = WaitOptions{.alive_for = 1s, .confirm_ttl = 1s}},
                          clock_.now() + 20s, std::move(done));
  }));
  wait_until([&client] { return client.store->pushes_grants(); }, "a subscription");
  raw_.must({"DEL", scratch_key, fence_key(scratch_key).value()});
  const std::set<std::string> after = channels();
  std::vector<std::string> added;
  std::ranges::set_difference(after, before, std::back_inserter(added));
  client.channel = added.at(0);
}

void ServerSide::lose_client(std::size_t number) {
  Client& client = clients_.at(number);
  client.store->close();
  wait_until([&] { return client.channel.empty() || !channels().contains(client.channel); },
             "the end of a subscription");
  open(number);
}

void ServerSide::begin() {
  server_clock_.stand_at(standing_clock_begins_at);
  let_pushes_come();
  wipe();
  for (std::size_t i = 0; i < clients_of_a_side; ++i) {
    clients_[i].pushes->forget();
  }
}

void ServerSide::plant(const std::string& key, const std::string& value,
                       std::optional<Milliseconds> ttl) {
  std::vector<std::string> words{"SET", key, value};
  if (ttl) {
    words.insert(words.end(), {"PX", std::to_string(ttl->count())});
  }
  raw_.must(words);
}

std::vector<std::string> ServerSide::pushes(std::size_t client, std::size_t at_least) {
  std::vector<std::string> texts;
  for (const WakeUp& wake_up : clients_.at(client).pushes->wait_for_count(at_least)) {
    if (wake_up.owner.id != marker_owner(0).id) {
      texts.push_back(text_of(wake_up));
    }
  }
  return texts;
}

// A channel keeps its order: behind a marker nothing from before it comes.
void ServerSide::let_pushes_come() {
  ++last_marker_;
  for (const Client& client : clients_) {
    if (!client.channel.empty()) {
      const Owner marker = marker_owner(last_marker_);
      raw_.must({"PUBLISH", client.channel, owner_text(marker)});
      if (!client.pushes->wait_for(marker)) {
        throw std::runtime_error("what is published does not come");
      }
    }
  }
}

std::string ServerSide::kept(const std::string& key) {
  const live::Reply said =
      raw_.must({"EVAL", dump, "5", key, fence_key(key).value(), queue_key(key).value(),
                 waiters_key(key).value(), done_key(key).value()});
  const QueueTexts queue = queue_texts(said.items.at(4), said.items.at(6));
  const bool has_queue = said.items.at(5).text != "-2";
  struct Part {
    const char* what;
    std::string value;
    std::size_t at;  // in what was said
  };
  const std::array<Part, 5> parts{{{"record", said.items.at(0).text, 1},
                                   {"mark", said.items.at(8).text, 9},
                                   {"fence", said.items.at(2).text, 3},
                                   {"queue", queue.owners, 5},
                                   {"waiters", queue.tails, has_queue ? 5U : 7U}}};
  std::string text;
  for (const Part& part : parts) {
    const live::Reply& remaining = said.items.at(part.at);
    if (remaining.text != "-2") {
      text += kept_line(part.what, part.value, remaining_in(remaining));
    }
  }
  return text;
}

}  // namespace exclusive_lock::conformance
