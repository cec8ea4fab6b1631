#pragma once
// A push: the datagram by which the store that handed a lock over wakes the store that waits for
// it, and the name of the socket it goes to. Pure.
//
// Both ends are processes of one machine, so numbers stand as they are in memory. A message of
// another size or beginning is not ours, or a newer one's, and is ignored: the next heartbeat finds
// the grant.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "stores/local/holder.hpp"

namespace exclusive_lock {

inline constexpr std::size_t push_size = 8 + 16 + 8;
using PushBytes = std::array<char, push_size>;

PushBytes encode_push(const WakeUp& wake_up) noexcept;
std::optional<WakeUp> decode_push(std::string_view bytes) noexcept;

// "waiter-<16 hex>", and back.
inline constexpr std::string_view push_socket_prefix = "waiter-";
std::string push_socket_name(HolderId store);
std::optional<HolderId> store_of_push_socket(std::string_view name) noexcept;

}  // namespace exclusive_lock
