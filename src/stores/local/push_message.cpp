#include "stores/local/push_message.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace exclusive_lock {
namespace {

constexpr std::string_view opening = "xlwake-1";
constexpr std::size_t digits = 16;

}  // namespace

PushBytes encode_push(const WakeUp& wake_up) noexcept {
  const Owner& owner = wake_up.owner;
  PushBytes bytes{};
  char* to = bytes.data();
  const auto put = [&to](const void* from, std::size_t size) {
    std::memcpy(to, from, size);
    to += size;
  };
  put(opening.data(), opening.size());
  put(owner.id.data(), owner.id.size());
  put(&owner.ticket, sizeof owner.ticket);
  return bytes;
}

std::optional<WakeUp> decode_push(std::string_view bytes) noexcept {
  if (bytes.size() != push_size || !bytes.starts_with(opening)) {
    return std::nullopt;
  }
  Owner owner;
  const char* from = bytes.data() + opening.size();
  std::memcpy(owner.id.data(), from, owner.id.size());
  std::memcpy(&owner.ticket, from + owner.id.size(), sizeof owner.ticket);
  return WakeUp{.owner = owner};
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
