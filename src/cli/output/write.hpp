#pragma once
// Writing to a descriptor: all of it, an error, or what goes in time.

#include <sys/types.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "cli/file_descriptor.hpp"

namespace exclusive_lock::cli {

std::error_code write_all(int descriptor, std::string_view text);

// Writes to a descriptor that may have no reader: never waits for longer than it is given. Whether
// an open file blocks is for all who share it, so a pipe or terminal is opened anew, with the first
// text. Not for several threads at a time.
class BoundedWriter {
 public:
  explicit BoundedWriter(int descriptor) : descriptor_(descriptor) {}

  // False: not all of it went in time. An error counts as written: there is no reader.
  bool write(std::string_view text, std::chrono::milliseconds patience);

 private:
  void open();
  [[nodiscard]] ssize_t write_some(std::string_view text) const;

  int descriptor_;
  FileDescriptor own_;  // does not block
  bool is_open_ = false;
  bool may_block_ = false;  // what has to be asked before each write
  bool is_socket_ = false;
};

// A result that does not arrive is no result: exit code 74.
class OutputFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Results, on stdout. Throws OutputFailed.
void write_result(std::string_view text);

}  // namespace exclusive_lock::cli
