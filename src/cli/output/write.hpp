#pragma once
// Writing to a descriptor, all of it or an error.

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace exclusive_lock::cli {

std::error_code write_all(int descriptor, std::string_view text);

// A result that does not arrive is no result: exit code 74.
class OutputFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Results, on stdout. Throws OutputFailed.
void write_result(std::string_view text);

}  // namespace exclusive_lock::cli
