#include "runtime/push_router.hpp"

#include <iterator>
#include <new>
#include <utility>
#include <vector>

namespace exclusive_lock {

PushRouter::Registration::Registration(PushRouter& router, const OwnerId& id,
                                       const std::string& key, std::weak_ptr<Receiver> receiver)
    : router_(router) {
  std::shared_ptr<Receiver> first;
  {
    const std::lock_guard guard(router_.mutex_);
    const auto [begin, end] = router_.by_key_.equal_range(key);
    if (begin != end && std::next(begin) == end)
      first = begin->second.lock();
    place_by_key_ = router_.by_key_.emplace(key, receiver);
    try {
      place_ = router_.receivers_.emplace(id, std::move(receiver));
    } catch (...) {
      router_.by_key_.erase(place_by_key_);
      throw;
    }
  }
  try {
    if (first)
      first->not_alone();
  } catch (const std::bad_alloc&) {
    // It learns of it with its next heartbeat.
  }
}

PushRouter::Registration::~Registration() {
  const std::lock_guard guard(router_.mutex_);
  router_.receivers_.erase(place_);
  router_.by_key_.erase(place_by_key_);
}

bool PushRouter::is_alone(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  const auto [begin, end] = by_key_.equal_range(key);
  return begin == end || std::next(begin) == end;
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
