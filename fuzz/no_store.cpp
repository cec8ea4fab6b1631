// Stands in for src/connect.cpp, so that the fuzz targets need none of the stores on servers, and
// with them no Asio: that is most of what takes time to compile. It is also a property: no target
// contacts a store.

#include "exclusive_lock/connection.hpp"
#include "property.hpp"

namespace exclusive_lock {

std::shared_ptr<Connection> connect(std::string_view url, const ConnectOptions& /*options*/) {
  fuzz::fail("no target contacts a store", url);
}

}  // namespace exclusive_lock
