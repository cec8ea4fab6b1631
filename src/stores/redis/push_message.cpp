#include "stores/redis/push_message.hpp"

#include "core/record_codec.hpp"

namespace exclusive_lock::redis {
namespace {

bool is_text(const Reply& reply, std::string_view text) {
  return reply.is_string() && reply.text == text;
}

}  // namespace

PushMessage read_push(const Reply& push, std::string_view channel) {
  if (!push.is_array() || push.elements.size() != 3 || !is_text(push.elements[1], channel)) {
    return OtherPush{};
  }
  const Reply& kind = push.elements[0];
  if (is_text(kind, "subscribe")) {
    return Subscribed{};
  }
  if (is_text(kind, "message") && push.elements[2].is_string()) {
    if (const auto wake_up = parse_wake_up(push.elements[2].text)) {
      return *wake_up;
    }
  }
  return OtherPush{};
}

std::optional<bool> has_listener(const Reply& reply) {
  if (!reply.is_array() || reply.elements.size() != 2 ||
      reply.elements[1].kind != Reply::Kind::integer) {
    return std::nullopt;
  }
  return reply.elements[1].integer > 0;
}

std::optional<WakeUp> parse_wake_up(std::string_view message) {
  const auto owner = parse_owner(message);
  return owner ? std::optional(WakeUp{.owner = *owner}) : std::nullopt;
}

}  // namespace exclusive_lock::redis
