#include "stores/redis/push_message.hpp"

#include <charconv>
#include <cstdint>

#include "core/record_codec.hpp"

namespace exclusive_lock::redis {
namespace {

bool is_text(const Reply& reply, std::string_view text) {
  return reply.is_string() && reply.text == text;
}

// As Lua writes it: no sign, no zero in front of other digits.
template <class Integer>
std::optional<Integer> whole_number(std::string_view text) {
  if (text.empty() || text.front() == '-' || (text.front() == '0' && text.size() > 1)) {
    return std::nullopt;
  }
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  const bool is_number = error == std::errc{} && stopped == end;
  return is_number ? std::optional(value) : std::nullopt;
}

}  // namespace

PushNews read_push(const Reply& push, std::string_view channel) {
  if (!push.is_array() || push.elements.size() != 3 || !is_text(push.elements[1], channel)) {
    return NoNews{};
  }
  const Reply& kind = push.elements[0];
  if (is_text(kind, "subscribe")) {
    return Subscribed{};
  }
  if (is_text(kind, "message") && push.elements[2].is_string()) {
    if (const auto grant = parse_grant(push.elements[2].text)) {
      return *grant;
    }
  }
  return NoNews{};
}

std::optional<Grant> parse_grant(std::string_view message) {
  const auto first = message.find(' ');
  const auto second = first == std::string_view::npos ? first : message.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  const auto owner = parse_owner(message.substr(0, first));
  const auto fence = whole_number<std::uint64_t>(message.substr(first + 1, second - first - 1));
  const auto granted_us = whole_number<std::int64_t>(message.substr(second + 1));
  if (!owner || !fence || !granted_us || *granted_us == 0) {
    return std::nullopt;
  }
  return Grant{.owner = *owner, .fence = Fence{*fence}, .granted_at = StoreTime(*granted_us)};
}

}  // namespace exclusive_lock::redis
