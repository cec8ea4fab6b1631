#include "stores/local/push_message.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace exclusive_lock {
namespace {

constexpr std::string_view opening = "xlgrant1";
constexpr std::size_t digits = 16;

}  // namespace

PushBytes encode_push(const Grant& grant) noexcept {
  PushBytes bytes{};
  char* to = bytes.data();
  const auto put = [&to](const void* from, std::size_t size) {
    std::memcpy(to, from, size);
    to += size;
  };
  put(opening.data(), opening.size());
  put(grant.owner.id.data(), grant.owner.id.size());
  put(&grant.owner.ticket, sizeof grant.owner.ticket);
  put(&grant.fence.value, sizeof grant.fence.value);
  return bytes;
}

std::optional<Grant> decode_push(std::string_view bytes) noexcept {
  if (bytes.size() != push_size || !bytes.starts_with(opening)) {
    return std::nullopt;
  }
  Grant grant{.owner = {}, .fence = {}, .granted_at = std::nullopt};
  const char* from = bytes.data() + opening.size();
  const auto get = [&from](void* to, std::size_t size) {
    std::memcpy(to, from, size);
    from += size;
  };
  get(grant.owner.id.data(), grant.owner.id.size());
  get(&grant.owner.ticket, sizeof grant.owner.ticket);
  get(&grant.fence.value, sizeof grant.fence.value);
  return grant;
}

std::string push_socket_name(HolderId store) {
  std::array<char, digits + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(store));
  return std::string(push_socket_prefix) + text.data();
}

std::optional<HolderId> store_of_push_socket(std::string_view name) noexcept {
  if (!name.starts_with(push_socket_prefix)) {
    return std::nullopt;
  }
  const std::string_view text = name.substr(push_socket_prefix.size());
  if (text.size() != digits ||
      text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  const auto store = static_cast<HolderId>(number);
  return store > 0 ? std::optional(store) : std::nullopt;
}

}  // namespace exclusive_lock
