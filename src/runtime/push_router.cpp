#include "runtime/push_router.hpp"

#include <utility>
#include <vector>

namespace exclusive_lock {

PushRouter::Registration::Registration(PushRouter& router, const OwnerId& id,
                                       std::weak_ptr<Receiver> receiver)
    : router_(router) {
  const std::lock_guard guard(router_.mutex_);
  place_ = router_.receivers_.emplace(id, std::move(receiver));
}

PushRouter::Registration::~Registration() {
  const std::lock_guard guard(router_.mutex_);
  router_.receivers_.erase(place_);
}

void PushRouter::wake_up(const WakeUp& wake_up) {
  std::shared_ptr<Receiver> receiver;
  {
    const std::lock_guard guard(mutex_);
    if (const auto at = receivers_.find(wake_up.owner.id); at != receivers_.end())
      receiver = at->second.lock();
  }
  if (receiver)
    receiver->wake_up_pushed(wake_up);
}

void PushRouter::pushes_resumed() {
  std::vector<std::shared_ptr<Receiver>> receivers;
  {
    const std::lock_guard guard(mutex_);
    for (auto at = receivers_.begin(); at != receivers_.end();
         at = receivers_.upper_bound(at->first)) {
      if (auto receiver = at->second.lock())
        receivers.push_back(std::move(receiver));
    }
  }
  for (const auto& receiver : receivers)
    receiver->pushes_resumed();
}

}  // namespace exclusive_lock
