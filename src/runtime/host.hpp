#pragma once

#include <string>

namespace exclusive_lock {

// gethostname(2): what inspect() shows beside the pid. "unknown" where the kernel does not tell.
std::string host_name();

}  // namespace exclusive_lock
