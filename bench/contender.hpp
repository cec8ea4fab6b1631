#pragma once
// Somebody who wants a lock, enters and leaves. Each belongs to one thread.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/connection.hpp"

namespace exclusive_lock::bench {

class Contender {
 public:
  virtual ~Contender() = default;
  // False: not before the deadline. May be late by the time that holders need to leave.
  virtual bool enter(Instant deadline) = 0;
  virtual void leave() = 0;
};

std::unique_ptr<Contender> library_contender(std::shared_ptr<Connection> connection);

// The floor of hand-overs: a fair queue in as few commands as it can be, which keeps nothing of
// what makes a lock safe. Two connections, one subscribed; whoever leaves writes the next one's
// name into the lock and publishes to it, in one script; that one then asks whether it has it.
std::unique_ptr<Contender> queue_contender(std::uint16_t port, std::int64_t client);

// flock(2), the floor of the embedded store.
std::unique_ptr<Contender> flock_contender(const std::filesystem::path& file);

}  // namespace exclusive_lock::bench
