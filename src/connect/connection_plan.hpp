#pragma once
// The first step of connect(), before it contacts a store: checks URL, options and credentials
// together and reports all mistakes at once (G10).

#include <string>
#include <string_view>

#include "connect/credentials.hpp"
#include "connect/store_url.hpp"
#include "exclusive_lock/connection.hpp"

namespace exclusive_lock {

struct ConnectionPlan {
  StoreUrl url;  // with the credentials of any source
  std::string client_name;
};

// Throws ValidationError, which contains no password and no text that might be one.
ConnectionPlan plan_connection(std::string_view url, const ConnectOptions& options,
                               const Environment& environment);

}  // namespace exclusive_lock
