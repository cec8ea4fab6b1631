#include "runtime/lock_callers.hpp"

#include <algorithm>

namespace exclusive_lock {

void LockCallers::remove(const AcquireOperation& operation) {
  const auto at = std::ranges::find(acquires_, &operation, &Operation::get);
  if (at != acquires_.end())
    acquires_.erase(at);
}

LockCallers::Operation LockCallers::acquire_of(RequestId request) const {
  const auto at = std::ranges::find(acquires_, request, &AcquireOperation::request);
  return at != acquires_.end() ? *at : nullptr;
}

LockCallers::Operations LockCallers::asked() const {
  Operations asked;
  for (const Operation& each : acquires_) {
    if (each->request())
      asked.push_back(each);
  }
  std::ranges::sort(asked, {}, &AcquireOperation::request);
  return asked;
}

bool LockCallers::began_attempt(const AcquireOperation& operation) const {
  return operation.request() && std::ranges::all_of(acquires_, [&](const Operation& each) {
           return !each->request() || *each->request() >= *operation.request();
         });
}

LockCallers::Operation LockCallers::first_idle(bool is_held) const {
  const auto at = std::ranges::find_if(acquires_, [is_held](const Operation& each) {
    return each->is_idle() && (each->mode() == AcquireMode::as_object || !is_held);
  });
  return at != acquires_.end() ? *at : nullptr;
}

void LockCallers::add(RequestId request, ReleaseAnswered answered) {
  releases_.push_back({request, std::move(answered)});
}

ReleaseAnswered LockCallers::take_release(RequestId request) {
  const auto at = std::ranges::find(releases_, request, &Release::request);
  if (at == releases_.end())
    return nullptr;
  ReleaseAnswered answered = std::move(at->answered);
  releases_.erase(at);
  if (releases_.empty())
    releases_.shrink_to_fit();  // of a hundred thousand locks most release nothing just now
  return answered;
}

}  // namespace exclusive_lock
