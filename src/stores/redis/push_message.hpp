#pragma once
// What a server says on the connection for pub/sub, read. No I/O.

#include <optional>
#include <string_view>
#include <variant>

#include "core/protocol.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

struct Subscribed {};  // what is published from now on comes
struct OtherPush {};   // on another channel, or about something else
using PushMessage = std::variant<OtherPush, Subscribed, WakeUp>;

// What a push means for a subscriber to `channel`.
PushMessage read_push(const Reply& push, std::string_view channel);

// From the reply to PUBSUB NUMSUB of one channel; none: it does not say (no right to ask).
std::optional<bool> has_listener(const Reply& reply);

// "<owner>", as the scripts publish it; none: anything else. Only one text stands for a wake-up.
std::optional<WakeUp> parse_wake_up(std::string_view message);

}  // namespace exclusive_lock::redis
