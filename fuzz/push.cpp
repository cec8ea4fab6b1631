// What tells a waiter that the lock was handed over to it: a push of a server, a datagram of the
// embedded store.
//
// - A grant comes back from its text and from its datagram, in every field.
// - A text or datagram that is taken for a grant is the very one that a store would write for it;
//   so is the name of a socket.
// - Of the pushes in any bytes, those are heard that are for the channel, and in the form in which
//   servers send them; nothing else tells anything.
//
// Input: a grant; a text, a datagram and a name, which are all the same; after a NUL the channel,
// and after another the bytes of a connection.

#include <boost/redis/resp3/parser.hpp>

#include "core/record_codec.hpp"
#include "stores/local/push_message.hpp"
#include "stores/redis/push_message.hpp"
#include "stores/redis/reply_adapter.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using redis::Reply;

Grant grant_from(Input& input) {
  Grant grant{.owner = {}, .fence = {}, .granted_at = std::nullopt};
  for (std::uint8_t& byte : grant.owner.id) {
    byte = input.byte();
  }
  grant.owner.ticket = input.number();
  grant.fence = Fence{input.number()};
  // Above 0, as every time is.
  grant.granted_at = StoreTime(static_cast<std::int64_t>(input.number() >> 1U | 1U));
  return grant;
}

// As scripts/shared/advance.lua writes it.
std::string written(const Grant& grant) {
  return owner_text(grant.owner) + " " + std::to_string(grant.fence.value) + " " +
         std::to_string(grant.granted_at.value_or(StoreTime(0)).count());
}

bool are_same(const std::optional<Grant>& one, const Grant& other) {
  return one && one->owner == other.owner && one->fence == other.fence &&
         one->granted_at == other.granted_at;
}

void check_grant_text(std::string_view text) {
  const auto grant = redis::parse_grant(text);
  require(!grant || written(*grant) == text, "only what is written for a grant is one", text);
  require(!grant || (grant->granted_at && grant->granted_at->count() > 0), "a grant has a time",
          text);
}

void check_datagram(const std::string& bytes) {
  if (const auto grant = decode_push(bytes)) {
    const PushBytes again = encode_push(*grant);
    require(std::string_view(again.data(), again.size()) == bytes,
            "only what is written for a grant is one", bytes);
    require(!grant->granted_at, "a datagram tells no time", bytes);
  }
  if (const auto store = store_of_push_socket(bytes)) {
    require(push_socket_name(*store) == bytes, "only one name is that of a store's socket", bytes);
  }
}

void check_grant(Grant grant) {
  const std::string text = written(grant);
  require(are_same(redis::parse_grant(text), grant), "a grant comes back from its text", text);
  const PushBytes bytes = encode_push(grant);
  grant.granted_at = std::nullopt;
  require(are_same(decode_push({bytes.data(), bytes.size()}), grant),
          "a grant comes back from its datagram", text);
}

bool is_word(const Reply& push, std::size_t place, std::string_view word) {
  return push.elements.size() == 3 && push.elements[place].is_string() &&
         push.elements[place].text == word;
}

void check_news(const Reply& push, const std::string& channel) {
  const redis::PushNews news = redis::read_push(push, channel);
  const bool is_ours = push.is_array() && is_word(push, 1, channel);
  require(
      std::holds_alternative<redis::Subscribed>(news) == (is_ours && is_word(push, 0, "subscribe")),
      "a subscription is heard of", channel);
  const auto* grant = std::get_if<Grant>(&news);
  const bool is_message = is_ours && is_word(push, 0, "message");
  const auto told = is_message && push.elements[2].is_string()
                        ? redis::parse_grant(push.elements[2].text)
                        : std::nullopt;
  require((grant != nullptr) == told.has_value(), "a message of the channel tells of a grant",
          channel);
  require(grant == nullptr || are_same(told, *grant), "it tells of that grant", channel);
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
  const std::function<void(Reply)> listener = [&pushes](Reply push) {
    pushes.push_back(std::move(push));
  };
  auto adapter =
      redis::reply_adapter(std::make_shared<redis::ReplyBuilder>(redis::push_limits), listener);
  boost::system::error_code error;
  while (!bytes.empty()) {
    boost::redis::resp3::parser parser;
    if (!parse(parser, bytes, adapter, error) || error) {
      break;
    }
    bytes.remove_prefix(parser.get_consumed());
  }
  return pushes;
}

}  // namespace

void check_push(Bytes bytes) {
  Input input(bytes);
  const Grant grant = grant_from(input);
  check_grant(grant);
  const std::string text = input.text();
  const std::string channel = input.text();
  check_grant_text(text);
  check_datagram(text);
  check_datagram(std::string(bytes.begin(), bytes.end()));
  // One of ours, with something in it that is not: the middle of the text is the likeliest place.
  std::string changed = written(grant);
  changed.insert(text.size() % (changed.size() + 1), text);
  check_grant_text(changed);

  const auto messages = pushes_in(message_on(channel, changed) + message_on(channel, text));
  require(messages.size() == 2, "a message is a push", channel);
  for (const Reply& push : messages) {
    check_news(push, channel);
    check_news(push, channel + "x");
  }
  for (const Reply& push : pushes_in(input.rest())) {
    check_news(push, channel);
  }
}

}  // namespace exclusive_lock::fuzz
