#include "live/temporary_directory.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace exclusive_lock::live {

TemporaryDirectory::TemporaryDirectory() : creator_(::getpid()) {
  std::string name = (std::filesystem::temp_directory_path() / "exclusive-lock-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make the folder " + name);
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (::getpid() != creator_) {
    return;
  }
  std::error_code ignored;  // a test may have taken the rights of the folder away
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace exclusive_lock::live
