#include "usage.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace exclusive_lock::bench {
namespace {

Seconds seconds_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

double info_number(const std::string& info, const std::string& field) {
  const auto at = info.find("\n" + field + ":");
  if (at == std::string::npos) {
    throw std::runtime_error("the server's INFO has no " + field);
  }
  return std::stod(info.substr(at + field.size() + 2));
}

}  // namespace

Seconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double resident_bytes() {
  std::size_t size = 0;
  std::size_t resident = 0;
  std::size_t of_files = 0;
  std::ifstream("/proc/self/statm") >> size >> resident >> of_files;
  return static_cast<double>(resident - of_files) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Seconds server_cpu_time(live::RawClient& server) {
  const std::string info = server.text({"INFO", "cpu"});
  return Seconds(info_number(info, "used_cpu_user") + info_number(info, "used_cpu_sys"));
}

double command_time_us(live::RawClient& server, const std::vector<std::string_view>& commands) {
  const std::string info = server.text({"INFO", "commandstats"});
  double sum = 0;
  for (const std::string_view command : commands) {
    const auto at = info.find("\ncmdstat_" + std::string(command) + ":");
    if (at == std::string::npos) {
      throw std::runtime_error("the server has not run " + std::string(command));
    }
    const std::string_view field = "usec=";
    sum += std::stod(info.substr(info.find(field, at) + field.size()));
  }
  return sum;
}

std::int64_t server_commands(live::RawClient& server) {
  std::istringstream lines(server.text({"INFO", "commandstats"}));
  const std::string calls = ":calls=";
  std::int64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(calls);
    const bool is_ours = line.starts_with("cmdstat_") && !line.starts_with("cmdstat_info:") &&
                         !line.starts_with("cmdstat_config|");
    if (is_ours && at != std::string::npos) {
      sum += std::stoll(line.substr(at + calls.size()));
    }
  }
  return sum;
}

double server_reads(live::RawClient& server) {
  return info_number(server.text({"INFO", "stats"}), "total_reads_processed");
}

double server_scripts(live::RawClient& server) {
  const std::string info = server.text({"INFO", "commandstats"});
  const std::string_view field = "cmdstat_evalsha:calls=";
  const auto at = info.find(field);
  return at == std::string::npos ? 0 : std::stod(info.substr(at + field.size()));
}

}  // namespace exclusive_lock::bench
