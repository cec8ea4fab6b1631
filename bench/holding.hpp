#pragma once
// Many locks held by one process over one connection, refreshed once a second: row g. In a process
// of its own (worker.cpp), so that CPU and memory are those of holding and nothing else.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace exclusive_lock::bench {

struct HoldingReport {
  double cores = 0;    // CPU time of this process per time
  double lost = 0;     // locks, since they were taken
  double late_ms = 0;  // p99: when a refresh was confirmed, after it was due
  double refreshes_per_second = 0;
  double busiest = 0;  // requests in the busiest twentieth of a second, in even shares: 1 is even,
                       // 20 all at once
  double bytes_per_lock = 0;  // resident memory
};
std::string text_of(const HoldingReport& report);
HoldingReport holding_report(const std::string& text);

class Holding {
 public:
  virtual ~Holding() = default;
  virtual void take() = 0;  // returns when all are held
  virtual HoldingReport hold(std::chrono::milliseconds length) = 0;
};

std::unique_ptr<Holding> library_holding(const std::string& url, std::size_t count);
// One thread that sends refreshes of 100 keys at a time, spread over the second: refresh.lua, or by
// hand, one compare-and-PEXPIRE for each key.
std::unique_ptr<Holding> same_scripts_holding(std::uint16_t port, std::size_t count);
std::unique_ptr<Holding> plain_holding(std::uint16_t port, std::size_t count);

}  // namespace exclusive_lock::bench
