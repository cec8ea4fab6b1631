#include "runtime/host.hpp"

#include <unistd.h>

#include <array>

namespace exclusive_lock {

std::string host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64 on Linux
  if (::gethostname(name.data(), name.size() - 1) != 0)
    return "unknown";
  return name.data();
}

}  // namespace exclusive_lock
