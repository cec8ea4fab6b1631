#pragma once
// Writes to descriptors: the whole text, or as much as a timeout allows.

#include <sys/types.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

std::error_code write_all(int descriptor, std::string_view text);

// Writes to a descriptor that may have no reader, and waits for at most the timeout. O_NONBLOCK
// would apply to all processes that share the open file, so the first write reopens a pipe or a
// terminal. Not for several threads at a time.
class BoundedWriter {
 public:
  explicit BoundedWriter(int descriptor) : descriptor_(descriptor) {}

  // False: the timeout ended before all was written. An error counts as written: there is no
  // reader.
  bool write(std::string_view text, std::chrono::milliseconds timeout);

 private:
  void open();
  [[nodiscard]] ssize_t write_some(std::string_view text) const;

  int descriptor_;
  Descriptor own_;  // reopened, non-blocking
  bool is_open_ = false;
  bool may_block_ = false;  // poll before each write
  bool is_socket_ = false;
};

// The result could not be written: exit code 74.
class OutputFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Writes a result to stdout. Throws OutputFailed.
void write_result(std::string_view text);

}  // namespace exclusive_lock::cli
