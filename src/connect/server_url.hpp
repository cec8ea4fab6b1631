#pragma once
// Parses the URLs of stores on a server: redis:, rediss: and unix:.

#include <string_view>
#include <vector>

#include "connect/store_url.hpp"
#include "connect/url_parts.hpp"

namespace exclusive_lock {

// Each adds its mistakes to `mistakes`. The result is valid only if there was none.
StoreUrl parse_redis_url(const UrlParts& parts, std::vector<Mistake>& mistakes);
StoreUrl parse_unix_url(const UrlParts& parts, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
