#include "runtime/refresher.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

// Keys in one request. A script of 100 PEXPIREs keeps a server busy for well under a millisecond.
constexpr std::size_t most_per_request = 100;

}  // namespace

Refresher::Refresher(Store& store, const ClockSource& clock, Milliseconds command_timeout,
                     StoreTimeSeen store_time_seen)
    : store_(store),
      clock_(clock),
      command_timeout_(command_timeout),
      store_time_seen_(std::move(store_time_seen)) {}

void Refresher::add(RefreshRequest request, Instant requested_at, Answered answered) {
  const std::lock_guard guard(mutex_);
  added_.push_back(Item{std::move(request), requested_at, std::move(answered)});
}

void Refresher::flush() {
  std::vector<Item> due;
  {
    const std::lock_guard guard(mutex_);
    due.swap(added_);
  }
  for (auto first = due.begin(); first != due.end();) {
    const auto size = std::min<std::ptrdiff_t>(most_per_request, std::distance(first, due.end()));
    const auto last = first + size;
    send(std::vector<Item>(std::make_move_iterator(first), std::make_move_iterator(last)));
    first = last;
  }
}

void Refresher::send(std::vector<Item> items) {
  const auto batch = std::make_shared<std::vector<Item>>(std::move(items));
  std::vector<RefreshRequest> requests;
  requests.reserve(batch->size());
  Instant earliest = Instant::max();
  for (auto& item : *batch) {
    requests.push_back(std::move(item.request));
    earliest = std::min(earliest, item.requested_at);
  }
  store_.refresh(std::move(requests), clock_.now() + command_timeout_,
                 [this, batch, earliest](const Answer<RefreshReply>& answer) {
                   const auto* reply = std::get_if<RefreshReply>(&answer);
                   if (reply != nullptr && reply->store_time)
                     store_time_seen_(earliest, *reply->store_time);
                   for (std::size_t i = 0; i < batch->size(); ++i) {
                     if (reply == nullptr) {
                       (*batch)[i].answered(std::get<StoreFailure>(answer));
                     } else if (i < reply->verdicts.size()) {
                       (*batch)[i].answered(reply->verdicts[i]);
                     } else {
                       (*batch)[i].answered(StoreFailure{
                           .code = errc::protocol_error,
                           .message = "the store answered fewer refreshes than it was sent",
                           .may_have_run = true});
                     }
                   }
                 });
}

}  // namespace exclusive_lock
