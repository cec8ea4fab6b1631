#include "runtime/refresher.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "runtime/cache_warming.hpp"

namespace exclusive_lock {
namespace {

template <class T>
std::vector<T> moved_part(std::vector<T>& all, std::size_t first, std::size_t last) {
  const auto begin = all.begin();
  return {std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(first)),
          std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(last))};
}

}  // namespace

Refresher::Refresher(Store& store, const ClockSource& clock, Milliseconds command_timeout,
                     StoreTimeSeen store_time_seen)
    : store_(store),
      clock_(clock),
      command_timeout_(command_timeout),
      store_time_seen_(std::move(store_time_seen)) {}

Instant Refresher::plan(Instant due, Instant::duration interval) {
  const Instant now = clock_.now();
  const std::lock_guard guard(plan_mutex_);
  return planner_.plan(due, interval, now);
}

void Refresher::add(RefreshRequest request, Instant requested_at,
                    std::shared_ptr<Requester> requester) {
  const Ticket ticket = request.owner.ticket;
  const std::lock_guard guard(mutex_);
  added_.asked.push_back({std::move(requester), ticket, requested_at});
  try {
    added_.requests.push_back(std::move(request));
  } catch (...) {  // out of memory: each reply must reach its own requester
    added_.asked.pop_back();
    throw;
  }
}

void Refresher::flush() {
  Batch due;
  {
    const std::lock_guard guard(mutex_);
    // The next round has about as many, and without this would move them as it grows.
    Batch next;
    next.requests.reserve(added_.requests.size());
    next.asked.reserve(added_.asked.size());
    due = std::exchange(added_, std::move(next));
  }
  const std::size_t count = due.requests.size();
  if (count == 0)
    return;
  // In equal parts.
  const std::size_t most = request_size();
  const std::size_t parts = (count + most - 1) / most;
  if (parts == 1)
    return send(std::move(due));
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = count * part / parts;
    const std::size_t last = count * (part + 1) / parts;
    send({.requests = moved_part(due.requests, first, last),
          .asked = moved_part(due.asked, first, last)});
  }
}

std::size_t Refresher::request_size() {
  const std::lock_guard guard(plan_mutex_);
  return request_size_.keys();
}

void Refresher::send(Batch batch) {
  const auto earliest = std::ranges::min_element(batch.asked, {}, &Asked::requested_at);
  store_.refresh(std::move(batch.requests), clock_.now() + command_timeout_,
                 [this, earliest = earliest->requested_at,
                  asked = std::make_shared<const std::vector<Asked>>(std::move(batch.asked))](
                     const Answer<RefreshReply>& answer) { answered(*asked, earliest, answer); });
}

void Refresher::answered(const std::vector<Asked>& asked, Instant earliest,
                         const Answer<RefreshReply>& answer) {
  const auto* reply = std::get_if<RefreshReply>(&answer);
  if (reply != nullptr && reply->took) {
    const std::lock_guard guard(plan_mutex_);
    request_size_.answered(asked.size(), *reply->took);
    planner_.fill_requests_with(request_size_.keys());
  }
  if (reply != nullptr && reply->store_time)
    store_time_seen_(earliest, *reply->store_time);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (i + warmed_ahead < asked.size())
      warm_object(asked[i + warmed_ahead].requester.get());
    const auto notify = [&each = asked[i]](const Answer<RefreshReplyStatus>& its_answer) {
      each.requester->refresh_answered(each.ticket, each.requested_at, its_answer);
    };
    if (reply == nullptr) {
      notify(std::get<StoreFailure>(answer));
    } else if (i < reply->verdicts.size()) {
      notify(reply->verdicts[i]);
    } else {
      notify(StoreFailure{.code = errc::protocol_error,
                          .message = "the store answered fewer refreshes than it was sent",
                          .may_have_run = true});
    }
  }
}

}  // namespace exclusive_lock
