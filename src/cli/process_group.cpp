#include "cli/process_group.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace exclusive_lock::cli {
namespace {

struct Status {
  char state = '?';
  pid_t group = -1;
};

// "pid (name) state ppid pgrp ...", where the name may hold anything, ')' and blanks too (proc(5)).
Status status_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  Status status;
  if (name_end != std::string::npos) {
    pid_t parent = 0;
    std::istringstream(line.substr(name_end + 1)) >> status.state >> parent >> status.group;
  }
  return status;
}

}  // namespace

bool has_living_followers(pid_t group) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(group)) {
      continue;
    }
    const Status status = status_of(pid);
    if (status.group == group && status.state != 'Z' && status.state != 'X') {
      return true;
    }
  }
  return static_cast<bool>(error);
}

}  // namespace exclusive_lock::cli
