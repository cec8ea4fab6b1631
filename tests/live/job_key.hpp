#pragma once
// The key of the lock in tests for which one lock is enough.

#include <string>

namespace exclusive_lock::live {

inline const std::string key = "exclusive-lock:job";

}  // namespace exclusive_lock::live
