#pragma once
// Failure of the embedded store: what happened, what it means, what to do. Inside it is an
// exception; local_store.cpp turns it into the StoreFailure of a verb, or the StoreError of
// opening.

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

class LocalError final : public std::exception {
 public:
  explicit LocalError(StoreFailure failure) : failure_(std::move(failure)) {}
  [[nodiscard]] const StoreFailure& failure() const noexcept { return failure_; }
  [[nodiscard]] const char* what() const noexcept override { return failure_.message.c_str(); }

 private:
  StoreFailure failure_;
};

// Which kind of failure an errno is, for work on the store's directory and files.
errc code_of_errno(int error_number) noexcept;

// "local store <path>: <what>; <what it means and what to do>". The advice depends on the code
// only.
std::string local_message(errc code, std::string_view path, std::string_view what);

[[noreturn]] void throw_local(errc code, std::string_view path, std::string_view what);
// For a system call that failed just now; `what` is what was tried, as in "cannot open holders".
[[noreturn]] void throw_errno(int error_number, std::string_view path, std::string_view what);

}  // namespace exclusive_lock
