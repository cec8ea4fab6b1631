#pragma once
// The part of store URL parsing for stores on a server: redis:, rediss: and unix:.

#include <string_view>
#include <vector>

#include "connect/store_url.hpp"
#include "connect/url_parts.hpp"

namespace exclusive_lock {

// Each adds what is wrong to `mistakes`; the result counts only where nothing was.
StoreUrl parse_redis_url(const UrlParts& parts, std::vector<Mistake>& mistakes);
StoreUrl parse_unix_url(const UrlParts& parts, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
