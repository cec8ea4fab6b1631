#include "runtime/releaser.hpp"

#include <chrono>
#include <utility>

#include "core/pace.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

constexpr Milliseconds min_release_pause{20};
constexpr Milliseconds max_release_pause{1000};

// The same request when that much time has passed: the name is to be closed for what remains.
ReleaseRequest later(ReleaseRequest request, Milliseconds passed) {
  if (request.closed_for && (*request.closed_for -= passed) <= Milliseconds(0))
    request.closed_for.reset();
  return request;
}

}  // namespace

Releaser::Releaser(Store& store, const ClockSource& clock, RandomSource& random,
                   Scheduler& scheduler, Milliseconds command_timeout)
    : store_(store),
      clock_(clock),
      random_(random),
      scheduler_(scheduler),
      command_timeout_(command_timeout) {}

void Releaser::release(const ReleaseRequest& request, Instant pointless_after,
                       FirstAnswer first_answer) {
  {
    const std::lock_guard guard(mutex_);
    ++unsettled_;
  }
  attempt(request, pointless_after, 0, std::move(first_answer));
}

void Releaser::settle() {
  std::unique_lock lock(mutex_);
  // What is retried is retried within that time, or not before the connection ends.
  settled_.wait_for(lock, command_timeout_, [this] { return unsettled_ == 0; });
}

void Releaser::settled_one() {
  const std::lock_guard guard(mutex_);
  --unsettled_;
  settled_.notify_all();  // under the mutex: the waiting thread may free this object
}

void Releaser::attempt(const ReleaseRequest& request, Instant pointless_after, int failures,
                       FirstAnswer first_answer) {
  const Instant asked_at = clock_.now();
  store_.release(request, asked_at + command_timeout_,
                 [this, request, pointless_after, failures, asked_at,
                  first_answer = std::move(first_answer)](const Answer<ReleaseReply>& answer) {
                   if (first_answer)
                     first_answer(answer);
                   const auto* failure = std::get_if<StoreFailure>(&answer);
                   if (failure == nullptr || failure->code == errc::connection_closed)
                     return settled_one();
                   const Instant next =
                       clock_.now() + backoff_pause(failures + 1, min_release_pause,
                                                    max_release_pause, random_.unit());
                   if (next >= pointless_after)
                     return settled_one();
                   scheduler_.at(next, [this, request, pointless_after, failures, asked_at] {
                     const auto passed = std::chrono::floor<Milliseconds>(clock_.now() - asked_at);
                     attempt(later(request, passed), pointless_after, failures + 1, nullptr);
                   });
                 });
}

}  // namespace exclusive_lock
