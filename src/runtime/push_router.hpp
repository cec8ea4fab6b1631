#pragma once
// Brings what a store pushes to the lock objects that wait on this connection.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/protocol.hpp"

namespace exclusive_lock {

class PushRouter {
 public:
  using OwnerId = std::array<std::uint8_t, 16>;
  struct Receiver {
    std::function<void(const WakeUp&)> wake_up;
    std::function<void()> pushes_resumed;
  };

  // While it lives, pushes for this owner id are passed on; one may still be on its way afterwards.
  class Registration {
   public:
    Registration(PushRouter& router, const OwnerId& id, Receiver receiver);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    PushRouter& router_;
    std::multimap<OwnerId, std::shared_ptr<const Receiver>>::iterator place_;
  };

  // Any thread; receivers are called on it, without a lock held. A wake-up for an object
  // that does not wait is dropped: it gave up, and the release that it sent takes a grant back.
  void wake_up(const WakeUp& wake_up);
  void pushes_resumed();

 private:
  using Receivers = std::multimap<OwnerId, std::shared_ptr<const Receiver>>;

  std::mutex mutex_;
  Receivers receivers_;
};

}  // namespace exclusive_lock
