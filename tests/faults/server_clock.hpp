#pragma once
// The wall clock of a server that runs, to be set (set_clock.cpp).

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {

class ServerClock {
 public:
  ServerClock();  // right; throws std::system_error
  ~ServerClock();
  ServerClock(const ServerClock&) = delete;
  ServerClock& operator=(const ServerClock&) = delete;

  // What a server that shall go by it has in its environment.
  [[nodiscard]] std::vector<std::string> environment() const;

  // By how much, from where it is.
  void step(std::chrono::microseconds time) noexcept { *offset_ += time.count(); }

 private:
  live::TemporaryDirectory folder_;
  std::filesystem::path file_ = folder_.path() / "offset";
  std::atomic<std::int64_t>* offset_;
};

}  // namespace exclusive_lock::faults
