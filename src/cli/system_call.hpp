#pragma once
// System calls that do not fail in normal life: where one does, the command ends with exit code 70.

#include <cerrno>
#include <system_error>

namespace exclusive_lock::cli {

// `result` is what the call returned. Throws std::system_error with errno where that is -1.
template <class Result>
Result checked(Result result, const char* what) {
  if (result == static_cast<Result>(-1)) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

}  // namespace exclusive_lock::cli
