#include "machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace exclusive_lock::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

std::string allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) {
    return "unknown";
  }
  std::string cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) {
      cores += (cores.empty() ? "" : ",") + std::to_string(core);
    }
  }
  return "server and clients wherever the kernel puts them, on cores " + cores;
}

std::string load_average() {
  std::string one_minute;
  std::ifstream("/proc/loadavg") >> one_minute;
  return one_minute;
}

}  // namespace

Machine this_machine() {
  utsname system{};
  ::uname(&system);
  const double bytes =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return {.processor = processor_name(),
          .cores = std::thread::hardware_concurrency(),
          .placement = allowed_cores(),
          .kernel = fmt::format("{} {}", system.sysname, system.release),
          .memory_gib = bytes / (1024.0 * 1024.0 * 1024.0),
          .load = load_average()};
}

}  // namespace exclusive_lock::bench
