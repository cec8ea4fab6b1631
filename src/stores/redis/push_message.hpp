#pragma once
// What a server says on the connection for pub/sub, read. No I/O.

#include <optional>
#include <string_view>
#include <variant>

#include "core/protocol.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

struct Subscribed {};  // what is published from now on comes
struct NoNews {};      // to somebody else, or of something else
using PushNews = std::variant<NoNews, Subscribed, Grant>;

// What a push tells whoever has subscribed to `channel`.
PushNews read_push(const Reply& push, std::string_view channel);

// "<owner> <fence> <granted_us>", as the scripts publish it, with fence 0 for a nudge; none:
// anything else. Only one text stands for a grant.
std::optional<Grant> parse_grant(std::string_view message);

}  // namespace exclusive_lock::redis
