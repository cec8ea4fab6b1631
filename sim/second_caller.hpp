#pragma once
// Another caller of a worker's lock object, as another thread of its process: asks for it now and
// then, in every way, and gives back what it got, or gives up before.

#include "sim/lock_driver.hpp"

namespace exclusive_lock::sim {

class SecondCaller {
 public:
  SecondCaller(Process& process, LockDriver& lock, Milliseconds ttl)
      : process_(process), lock_(lock), ttl_(ttl) {}

  void start() { rest(); }
  // Has nothing more to do.
  [[nodiscard]] bool is_done() const { return is_done_; }

 private:
  void rest();
  void begin();
  void ended(bool acquired);
  [[nodiscard]] Nanoseconds pause();

  Process& process_;
  LockDriver& lock_;
  const Milliseconds ttl_;
  LockDriver::Operation operation_;
  std::uint64_t turn_ = 0;
  bool is_done_ = false;
};

}  // namespace exclusive_lock::sim
