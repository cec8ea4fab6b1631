// Wake-ups of waiters: a push of a server, a datagram of the embedded store.
//
// - A wake-up comes back from its text and from its datagram.
// - A text or datagram that is taken for a wake-up is the very one that a store would write for it;
//   so is the name of a socket.
// - Of the pushes in any bytes, those are heard that are for the channel, and in the form in which
//   servers send them; nothing else tells anything.
//
// Input: a wake-up; a text, a datagram and a name, which are all the same; after a NUL the channel,
// and after another the bytes of a connection.

#include <algorithm>

#include "core/record_codec.hpp"
#include "stores/local/push_message.hpp"
#include "stores/redis/push_message.hpp"
#include "stores/redis/resp_reader.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using redis::Reply;

WakeUp wake_up_from(Input& input) {
  WakeUp wake_up;
  for (std::uint8_t& byte : wake_up.owner.id) {
    byte = input.byte();
  }
  wake_up.owner.ticket = input.number();
  return wake_up;
}

bool are_same(const std::optional<WakeUp>& one, const WakeUp& other) {
  return one && one->owner == other.owner;
}

void check_text(std::string_view text) {
  const auto wake_up = redis::parse_wake_up(text);
  require(!wake_up || owner_text(wake_up->owner) == text, "only what is written for it is one",
          text);
}

void check_datagram(const std::string& bytes) {
  if (const auto wake_up = decode_push(bytes)) {
    const PushBytes again = encode_push(*wake_up);
    require(std::string_view(again.data(), again.size()) == bytes,
            "only what is written for a wake-up is one", bytes);
  }
  if (const auto store = store_of_push_socket(bytes)) {
    require(push_socket_name(*store) == bytes, "only one name is that of a store's socket", bytes);
  }
}

void check_wake_up(const WakeUp& wake_up) {
  const std::string text = owner_text(wake_up.owner);
  require(are_same(redis::parse_wake_up(text), wake_up), "a wake-up comes back from its text",
          text);
  const PushBytes bytes = encode_push(wake_up);
  require(are_same(decode_push({bytes.data(), bytes.size()}), wake_up),
          "a wake-up comes back from its datagram", text);
}

bool is_word(const Reply& push, std::size_t place, std::string_view word) {
  return push.elements.size() == 3 && push.elements[place].is_string() &&
         push.elements[place].text == word;
}

void check_push_message(const Reply& push, const std::string& channel) {
  const redis::PushMessage message = redis::read_push(push, channel);
  const bool is_ours = push.is_array() && is_word(push, 1, channel);
  require(std::holds_alternative<redis::Subscribed>(message) ==
              (is_ours && is_word(push, 0, "subscribe")),
          "a subscription is heard of", channel);
  const auto* wake_up = std::get_if<WakeUp>(&message);
  const bool is_message = is_ours && is_word(push, 0, "message");
  const auto parsed = is_message && push.elements[2].is_string()
                          ? redis::parse_wake_up(push.elements[2].text)
                          : std::nullopt;
  require((wake_up != nullptr) == parsed.has_value(), "a message of the channel is a wake-up",
          channel);
  require(wake_up == nullptr || are_same(parsed, *wake_up), "it is that one", channel);
}

// As a server sends it.
std::string message_on(const std::string& channel, const std::string& text) {
  std::string bytes = ">3\r\n";
  for (const std::string& word : {std::string("message"), channel, text}) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return bytes;
}

// Up to the first that is none, or is not over.
std::vector<Reply> pushes_in(std::string_view bytes) {
  std::vector<Reply> pushes;
  const std::function<void(Reply)> on_push = [&pushes](Reply push) {
    pushes.push_back(std::move(push));
  };
  // Without a command whose reply is missing, everything is a push.
  redis::RespReader reader(on_push, on_push);
  while (!bytes.empty()) {
    const auto room = reader.room();
    const std::size_t size = std::min(bytes.size(), room.size());
    std::copy_n(bytes.begin(), size, room.begin());
    bytes.remove_prefix(size);
    if (size == 0 || reader.take(size)) {
      break;
    }
  }
  return pushes;
}

}  // namespace

void check_push(Bytes bytes) {
  Input input(bytes);
  const WakeUp wake_up = wake_up_from(input);
  check_wake_up(wake_up);
  const std::string text = input.text();
  const std::string channel = input.text();
  check_text(text);
  check_datagram(text);
  check_datagram(std::string(bytes.begin(), bytes.end()));
  // One of ours, with something in it that is not: the middle of the text is the likeliest place.
  std::string changed = owner_text(wake_up.owner);
  changed.insert(text.size() % (changed.size() + 1), text);
  check_text(changed);

  const auto messages = pushes_in(message_on(channel, changed) + message_on(channel, text));
  require(messages.size() == 2, "a message is a push", channel);
  for (const Reply& push : messages) {
    check_push_message(push, channel);
    check_push_message(push, channel + "x");
  }
  for (const Reply& push : pushes_in(input.rest())) {
    check_push_message(push, channel);
  }
}

}  // namespace exclusive_lock::fuzz
