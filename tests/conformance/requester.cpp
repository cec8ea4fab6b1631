#include "conformance/requester.hpp"

#include <random>

namespace exclusive_lock::conformance {
namespace {

template <class Reply>
Reply reply_of(Answer<Reply> answer) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    throw AskFailed(*failure);
  }
  return std::get<Reply>(std::move(answer));
}

}  // namespace

Owner new_owner() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  Owner owner{.id = {}, .ticket = 1};
  for (auto& byte : owner.id) {
    byte = static_cast<std::uint8_t>(random());
  }
  return owner;
}

Owner with_ticket(Owner owner, Ticket ticket) {
  owner.ticket = ticket;
  return owner;
}

std::string tail_of(const Wish& wish) {
  return encode_record_tail({.ttl = wish.ttl,
                             .host = "test-host",
                             .pid = 4711,
                             .label = "conformance",
                             .contents_text = wish.contents});
}

AttemptRequest Requester::request_of(const Wish& wish) const {
  return {.key = wish.key,
          .owner = wish.owner,
          .ttl = wish.ttl,
          .record_tail = tail_of(wish),
          .floor = wish.floor,
          .not_after = wish.not_after.value_or(clock_.now() + std::chrono::hours(1)),
          .wait_options = wish.wait_options,
          .barging_limit = wish.barging_limit};
}

AttemptReply Requester::attempt(const Wish& wish) {
  return reply_of(answer_of<AttemptReply>([&](Done<AttemptReply> done) {
    store_->attempt(request_of(wish), soon(), std::move(done));
  }));
}

HeartbeatReply Requester::heartbeat(const std::string& key, const Owner& owner, Milliseconds ttl,
                                    Milliseconds alive_for) {
  return reply_of(answer_of<HeartbeatReply>([&](Done<HeartbeatReply> done) {
    store_->heartbeat({.key = key, .owner = owner, .ttl = ttl, .alive_for = alive_for}, soon(),
                      std::move(done));
  }));
}

std::vector<RefreshReplyStatus> Requester::refresh(std::vector<RefreshRequest> requests) {
  return reply_of(answer_of<RefreshReply>([&](Done<RefreshReply> done) {
           store_->refresh(std::move(requests), soon(), std::move(done));
         }))
      .verdicts;
}

RefreshReplyStatus Requester::refresh(const std::string& key, const Owner& owner,
                                      Milliseconds ttl) {
  return refresh({{.key = key, .owner = owner, .ttl = ttl}}).at(0);
}

ReleaseReplyStatus Requester::release(const std::string& key, const Owner& owner,
                                      std::size_t barging_limit) {
  return release({.key = key, .owner = owner, .barging_limit = barging_limit}).verdict;
}

ReleaseReply Requester::release(const ReleaseRequest& request) {
  return reply_of(answer_of<ReleaseReply>(
      [&](Done<ReleaseReply> done) { store_->release(request, soon(), std::move(done)); }));
}

std::optional<StoredRecord> Requester::inspect(const std::string& key) { return look(key).record; }

InspectReply Requester::look(const std::string& key) {
  return reply_of(answer_of<InspectReply>(
      [&](Done<InspectReply> done) { store_->inspect(key, soon(), std::move(done)); }));
}

ListMarksReply Requester::list_marks(const std::string& key_prefix, std::size_t most) {
  return reply_of(answer_of<ListMarksReply>([&](Done<ListMarksReply> done) {
    store_->list_marks(key_prefix, most, soon(), std::move(done));
  }));
}

bool Requester::forget(const std::string& key) {
  return reply_of(answer_of<ForgetReply>([&](Done<ForgetReply> done) {
           store_->forget(key, soon(), std::move(done));
         }))
      .forgotten;
}

ListReply Requester::list(const std::string& key_prefix, std::size_t most) {
  return reply_of(answer_of<ListReply>(
      [&](Done<ListReply> done) { store_->list(key_prefix, most, soon(), std::move(done)); }));
}

bool Requester::remove(const std::string& key, const std::string& expected) {
  return reply_of(answer_of<RemoveReply>([&](Done<RemoveReply> done) {
           store_->remove(key, expected, soon(), std::move(done));
         }))
      .removed;
}

std::shared_ptr<const Pushes> Requester::listen() {
  const auto pushes = std::make_shared<Pushes>();
  store_->listen({.wake_up = [pushes](const WakeUp& wake_up) { pushes->note(wake_up); },
                  .pushes_resumed = [] {}});
  return pushes;
}

void Pushes::note(const WakeUp& wake_up) {
  const std::lock_guard guard(mutex_);
  wake_ups_.push_back(wake_up);
  came_.notify_all();
}

std::vector<WakeUp> Pushes::all() const {
  const std::lock_guard guard(mutex_);
  return wake_ups_;
}

std::optional<WakeUp> Pushes::wait_for(const Owner& owner) const {
  std::unique_lock guard(mutex_);
  std::optional<WakeUp> found;
  came_.wait_for(guard, std::chrono::seconds(10), [&] {
    for (const WakeUp& each : wake_ups_) {
      if (each.owner == owner && !found) {
        found = each;
      }
    }
    return found.has_value();
  });
  return found;
}

std::vector<WakeUp> Pushes::wait_for_count(std::size_t at_least) const {
  std::unique_lock guard(mutex_);
  came_.wait_for(guard, std::chrono::seconds(5), [&] { return wake_ups_.size() >= at_least; });
  return wake_ups_;
}

void Pushes::forget() {
  const std::lock_guard guard(mutex_);
  wake_ups_.clear();
}

bool eventually(StoreUnderTest& under_test, Milliseconds limit,
                const std::function<bool()>& condition) {
  const Instant give_up_at = under_test.clock().now() + limit;
  while (!condition()) {
    if (under_test.clock().now() > give_up_at) {
      return false;
    }
    under_test.pass(Milliseconds(1));
  }
  return true;
}

}  // namespace exclusive_lock::conformance

namespace exclusive_lock {

std::ostream& operator<<(std::ostream& out, AttemptReplyStatus outcome) {
  switch (outcome) {
    case AttemptReplyStatus::granted:
      return out << "granted";
    case AttemptReplyStatus::busy:
      return out << "busy";
    case AttemptReplyStatus::waiting:
      return out << "waiting";
    case AttemptReplyStatus::queue_full:
      return out << "queue_full";
    case AttemptReplyStatus::superseded:
      return out << "superseded";
    case AttemptReplyStatus::too_late:
      return out << "too_late";
  }
  return out << "no outcome";
}

std::ostream& operator<<(std::ostream& out, HeartbeatReplyStatus outcome) {
  switch (outcome) {
    case HeartbeatReplyStatus::granted:
      return out << "granted";
    case HeartbeatReplyStatus::waiting:
      return out << "waiting";
    case HeartbeatReplyStatus::gone:
      return out << "gone";
  }
  return out << "no outcome";
}

std::ostream& operator<<(std::ostream& out, RefreshReplyStatus verdict) {
  return out << (verdict == RefreshReplyStatus::refreshed ? "refreshed" : "lost");
}

std::ostream& operator<<(std::ostream& out, ReleaseReplyStatus verdict) {
  switch (verdict) {
    case ReleaseReplyStatus::released:
      return out << "released";
    case ReleaseReplyStatus::left:
      return out << "left";
    case ReleaseReplyStatus::not_owner:
      return out << "not_owner";
  }
  return out << "no verdict";
}

std::ostream& operator<<(std::ostream& out, Fence fence) { return out << fence.value; }

}  // namespace exclusive_lock
