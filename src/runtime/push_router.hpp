#pragma once
// The lock objects that wait on this connection: brings them what the store pushes, and knows
// which of them wait for the same lock (docs/decisions/0025-sparse-heartbeats.md).

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/protocol.hpp"

namespace exclusive_lock {

class PushRouter {
 public:
  using OwnerId = std::array<std::uint8_t, 16>;
  // A lock object. Called on any thread, without a lock held.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void wake_up_pushed(const WakeUp& wake_up) = 0;
    virtual void pushes_resumed() = 0;
    // Another one waits for the same lock from now on.
    virtual void not_alone() = 0;
  };

  // While it lives, pushes for this owner id are passed on; one may still be on its way afterwards.
  // All registrations of an id are of the same receiver.
  class Registration {
   public:
    Registration(PushRouter& router, const OwnerId& id, const std::string& key,
                 std::weak_ptr<Receiver> receiver);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    PushRouter& router_;
    std::multimap<OwnerId, std::weak_ptr<Receiver>>::iterator place_;
    std::multimap<std::string, std::weak_ptr<Receiver>>::iterator place_by_key_;
  };

  // Any thread. A wake-up for an object that does not wait is dropped: it gave up, and the release
  // that it sent takes a grant back.
  void wake_up(const WakeUp& wake_up);
  void pushes_resumed();
  // Whether one registration at most is for this key.
  [[nodiscard]] bool is_alone(const std::string& key) const;

 private:
  using Receivers = std::multimap<OwnerId, std::weak_ptr<Receiver>>;

  mutable std::mutex mutex_;
  Receivers receivers_;
  std::multimap<std::string, std::weak_ptr<Receiver>> by_key_;
};

}  // namespace exclusive_lock
