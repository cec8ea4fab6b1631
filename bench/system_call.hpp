#pragma once
// What a system call says when it fails.

#include <cerrno>
#include <string>
#include <system_error>

namespace exclusive_lock::bench {

[[noreturn]] inline void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace exclusive_lock::bench
