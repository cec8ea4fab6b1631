#pragma once
// A folder of a test's own, deleted with everything in it when the test ends.

#include <filesystem>

namespace exclusive_lock::live {

class TemporaryDirectory {
 public:
  TemporaryDirectory();   // below $TMPDIR or /tmp, mode 0700; throws std::system_error
  ~TemporaryDirectory();  // does nothing in a forked child
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int creator_;  // pid
};

}  // namespace exclusive_lock::live
