#pragma once
// connect(), up to the moment before anything is contacted: URL, options and credentials are
// checked together, and every mistake is told at once (G10).

#include <string>
#include <string_view>

#include "connect/credentials.hpp"
#include "connect/store_url.hpp"
#include "exclusive_lock/connection.hpp"

namespace exclusive_lock {

struct ConnectionPlan {
  StoreUrl url;  // with the credentials, wherever they came from
  std::string client_name;
};

// Throws ValidationError, which holds no password and no text that might be one.
ConnectionPlan plan_connection(std::string_view url, const ConnectOptions& options,
                               const Environment& environment);

}  // namespace exclusive_lock
