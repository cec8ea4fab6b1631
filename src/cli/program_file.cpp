#include "cli/program_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "cli/output/terminal.hpp"

namespace exclusive_lock::cli {
namespace {

std::optional<struct stat> executable(const std::string& file) {
  struct stat status {};
  if (::access(file.c_str(), X_OK) != 0 || ::stat(file.c_str(), &status) != 0 ||
      !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return status;
}

// The file that execvp(3) would start.
std::optional<struct stat> find(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) {
    return executable(name);
  }
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (auto found = executable((folder.empty() ? "." : folder) + "/" + name)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> warning_about_user_of(const std::string& name, std::string_view path) {
  if (::geteuid() == 0) {
    return std::nullopt;  // root may signal every process
  }
  const auto file = find(name, std::string(path));
  if (!file || (file->st_mode & S_ISUID) == 0 || file->st_uid == ::geteuid()) {
    return std::nullopt;
  }
  return shown(name) +
         " runs as another user (its file is set-user-ID), so exclusive-lock may not be able to "
         "end it when the lock is lost; start exclusive-lock as that user instead, as in: sudo "
         "exclusive-lock --store URL run NAME -- COMMAND";
}

}  // namespace exclusive_lock::cli
