#include "faults/process_watch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace exclusive_lock::faults {
namespace {

std::int64_t number_behind(const std::string& text, const std::string& label) {
  const std::size_t at = text.find("\n" + label);
  if (at == std::string::npos) {
    throw std::runtime_error("no '" + label + "' in /proc/PID/status");
  }
  return std::stoll(text.substr(at + 1 + label.size()));
}

}  // namespace

ProcessUse use_of(pid_t pid) {
  const std::filesystem::path folder = "/proc/" + std::to_string(pid);
  std::ifstream file(folder / "status");
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  return {.memory_kib = number_behind(status, "VmRSS:"),
          .descriptors = static_cast<int>(
              std::distance(std::filesystem::directory_iterator(folder / "fd"), {})),
          .threads = static_cast<int>(number_behind(status, "Threads:"))};
}

std::ostream& operator<<(std::ostream& out, const ProcessUse& use) {
  return out << use.memory_kib << " KiB, " << use.descriptors << " descriptors, " << use.threads
             << " threads";
}

}  // namespace exclusive_lock::faults
