#include "runtime/push_router.hpp"

#include <utility>

namespace exclusive_lock {

PushRouter::Registration::Registration(PushRouter& router, const OwnerId& id, Receiver receiver)
    : router_(router) {
  auto shared = std::make_shared<const Receiver>(std::move(receiver));
  const std::lock_guard guard(router_.mutex_);
  place_ = router_.receivers_.emplace(id, std::move(shared));
}

PushRouter::Registration::~Registration() {
  const std::lock_guard guard(router_.mutex_);
  router_.receivers_.erase(place_);
}

void PushRouter::wake_up(const WakeUp& wake_up) {
  std::vector<std::shared_ptr<const Receiver>> told;
  {
    const std::lock_guard guard(mutex_);
    const auto [first, last] = receivers_.equal_range(wake_up.owner.id);
    for (auto each = first; each != last; ++each)
      told.push_back(each->second);
  }
  for (const auto& receiver : told)
    receiver->wake_up(wake_up);
}

void PushRouter::pushes_resumed() {
  std::vector<std::shared_ptr<const Receiver>> told;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [id, receiver] : receivers_)
      told.push_back(receiver);
  }
  for (const auto& receiver : told)
    receiver->pushes_resumed();
}

}  // namespace exclusive_lock
