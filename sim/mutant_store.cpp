#include "sim/mutant_store.hpp"

#include <string>
#include <utility>

#include "core/done_mark.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "stores/forwarding_store.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// The store as it is; what follows overrides one verb or two, and breaks it.
class Whole : public ForwardingStore {
 public:
  Whole(std::shared_ptr<MemoryStore> memory, std::shared_ptr<Store> client)
      : ForwardingStore(std::move(client)), memory_(std::move(memory)) {}

 protected:
  [[nodiscard]] std::optional<StoredRecord> record(const std::string& key) const {
    std::optional<StoredRecord> found;
    memory_->inspect(key, Instant::max(), [&found](const Answer<InspectReply>& answer) {
      found = std::get<InspectReply>(answer).record;
    });
    return found;
  }
  [[nodiscard]] std::optional<Owner> owner(const std::string& key) const {
    const auto found = record(key);
    return found ? record_owner(found->value) : std::nullopt;
  }
  [[nodiscard]] MemoryStore& memory() const { return *memory_; }

 private:
  std::shared_ptr<MemoryStore> memory_;
};

class ReleaseOfAnybody final : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.owner = owner(request.key).value_or(request.owner);
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class RefreshOfAnybody final : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (RefreshRequest& request : requests) {
      request.owner = owner(request.key).value_or(request.owner);
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

// Refreshes with `what is left` times one, plus `share` of the ttl.
class RefreshFromTheRest final : public Whole {
 public:
  RefreshFromTheRest(std::shared_ptr<MemoryStore> memory, std::shared_ptr<Store> client, int share)
      : Whole(std::move(memory), std::move(client)), share_(share) {}
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (RefreshRequest& request : requests) {
      if (const auto there = record(request.key)) {
        request.ttl = there->remaining_ttl.value_or(request.ttl) + share_ * request.ttl;
      }
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }

 private:
  int share_;
};

class DeadWaitersNeverExpire final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.wait_options) {
      request.wait_options->alive_for = 1h;
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    request.alive_for = 1h;
    Whole::heartbeat(std::move(request), deadline, std::move(done));
  }
};

// Counts the grants of a name in a key beside it, and puts that in for the fence.
class BareFenceCounter final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const std::string key = request.key;
    request.floor = {};
    Whole::attempt(std::move(request), deadline, [&](Answer<AttemptReply> answer) {
      auto* reply = std::get_if<AttemptReply>(&answer);
      const Fence fence = counted(key);
      if (reply != nullptr) {
        reply->fence = fence;
      }
      done(std::move(answer));
    });
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    const std::string key = request.key;
    Whole::heartbeat(std::move(request), deadline, [&](Answer<HeartbeatReply> answer) {
      auto* reply = std::get_if<HeartbeatReply>(&answer);
      const Fence fence = counted(key);
      if (reply != nullptr && reply->outcome == HeartbeatReplyStatus::granted) {
        reply->fence = fence;
      }
      done(std::move(answer));
    });
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const std::string key = request.key;
    Whole::release(std::move(request), deadline, [&](const Answer<ReleaseReply>& answer) {
      counted(key);
      done(answer);
    });
  }

  Fence counted(const std::string& key) {
    const std::string counter = key + ".counter";
    const auto kept = record(counter);
    const std::uint64_t last = kept ? std::stoull(kept->value) : 0;
    const auto there = record(key);
    const auto owner = there ? record_owner(there->value) : std::nullopt;
    if (owner && record_fence(there->value)->value > last) {
      memory().plant(counter, std::to_string(last + 1), 1min);
      memory().plant(key, encode_record(*owner, Fence{last + 1}, 1, "}"), there->remaining_ttl);
      return Fence{last + 1};
    }
    return Fence{last};
  }
};

class HeartbeatEntersQueue final : public Whole {
  using Whole::Whole;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    if (owner(request.key) && owner(request.key) != request.owner) {
      Whole::attempt({.key = request.key,
                      .owner = request.owner,
                      .ttl = request.ttl,
                      .record_tail = "}",
                      .floor = {},
                      .not_after = Instant::max(),
                      .wait_options = WaitOptions{.alive_for = request.alive_for,
                                                  .confirm_ttl = request.ttl / 2}},
                     deadline, [](const auto&) {});
    }
    Whole::heartbeat(std::move(request), deadline, std::move(done));
  }
};

// Whoever comes new goes before all others.
class NewcomersComeFirst final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.wait_options && !request.wait_options->arrived_at) {
      request.wait_options->arrived_at =
          StoreTime(365 * 24h) -
          std::chrono::duration_cast<StoreTime>(request.not_after.time_since_epoch());
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class HandsOverForATtl final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.wait_options) {
      request.wait_options->confirm_ttl = request.ttl;
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class PassesAreNotCounted final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.barging_limit *= 1'000'000;
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.barging_limit *= 1'000'000;
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class WakesNobody final : public Whole {
  using Whole::Whole;
  void listen(WakeUpListener listener) override {
    listener.wake_up = [](const WakeUp&) {};
    Whole::listen(std::move(listener));
  }
};

class NoNotAfter final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.not_after = Instant::max();
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class OlderTicketKeepsOut final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto holder = owner(request.key);
    if (holder && holder->id == request.owner.id && holder->ticket < request.owner.ticket) {
      done(AttemptReply{.outcome = AttemptReplyStatus::busy,
                        .fence = {},
                        .remaining_ttl = record(request.key)->remaining_ttl,
                        .store_time = std::nullopt});
    } else {
      Whole::attempt(std::move(request), deadline, std::move(done));
    }
  }
};

class RefreshRestoresRecord final : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (const RefreshRequest& request : requests) {
      if (!record(request.key)) {
        Whole::attempt({.key = request.key,
                        .owner = request.owner,
                        .ttl = request.ttl,
                        .record_tail = "}",
                        .floor = {},
                        .not_after = Instant::max()},
                       deadline, [](const auto&) {});
      }
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

class RepeatGetsAFence final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto there = record(request.key);
    if (there && record_owner(there->value) == request.owner) {
      const Fence next{record_fence(there->value)->value + 1};
      memory().plant(request.key, encode_record(request.owner, next, 1, "}"), there->remaining_ttl);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class FenceStaysForEver final : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const std::string fence = fence_key(request.key).value();
    Whole::release(std::move(request), deadline, std::move(done));
    if (const auto kept = record(fence)) {
      memory().plant(fence, kept->value, std::nullopt);
    }
  }
};

// As a second command of the client would be.
class MarkComesLater final : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    leave_mark();
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    leave_mark();
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    leave_mark();
    const auto there = record(request.key);
    if (request.done_for && there && record_owner(there->value) == request.owner) {
      key_ = done_key(request.key).value();
      mark_ = encode_done_mark(there->value, StoreTime(1));
    }
    request.done_for = std::nullopt;
    Whole::release(std::move(request), deadline, std::move(done));
  }
  void leave_mark() {
    if (!mark_.empty()) {
      memory().plant(key_, std::exchange(mark_, {}), 10s);
    }
  }
  std::string key_;
  std::string mark_;
};

class ChangesWhatStaysClosed final : public Whole {
 public:
  ChangesWhatStaysClosed(std::shared_ptr<MemoryStore> memory, std::shared_ptr<Store> client,
                         std::optional<Milliseconds> closed_for)
      : Whole(std::move(memory), std::move(client)), closed_for_(closed_for) {}
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (request.closed_for) {
      request.closed_for = closed_for_;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }

 private:
  std::optional<Milliseconds> closed_for_;
};

}  // namespace

std::shared_ptr<Store> with_bug(Mutant mutant, std::shared_ptr<MemoryStore> memory,
                                std::shared_ptr<Store> client) {
  switch (mutant) {
    case Mutant::release_of_anybody:
      return std::make_shared<ReleaseOfAnybody>(std::move(memory), std::move(client));
    case Mutant::refresh_of_anybody:
      return std::make_shared<RefreshOfAnybody>(std::move(memory), std::move(client));
    case Mutant::refresh_keeps_ttl:
      return std::make_shared<RefreshFromTheRest>(std::move(memory), std::move(client), 0);
    case Mutant::refresh_adds_ttl:
      return std::make_shared<RefreshFromTheRest>(std::move(memory), std::move(client), 1);
    case Mutant::dead_waiters_never_expire:
      return std::make_shared<DeadWaitersNeverExpire>(std::move(memory), std::move(client));
    case Mutant::bare_fence_counter:
      return std::make_shared<BareFenceCounter>(std::move(memory), std::move(client));
    case Mutant::heartbeat_enters_queue:
      return std::make_shared<HeartbeatEntersQueue>(std::move(memory), std::move(client));
    case Mutant::newcomers_come_first:
      return std::make_shared<NewcomersComeFirst>(std::move(memory), std::move(client));
    case Mutant::hands_over_for_a_ttl:
      return std::make_shared<HandsOverForATtl>(std::move(memory), std::move(client));
    case Mutant::passes_are_not_counted:
      return std::make_shared<PassesAreNotCounted>(std::move(memory), std::move(client));
    case Mutant::wakes_nobody:
      return std::make_shared<WakesNobody>(std::move(memory), std::move(client));
    case Mutant::no_not_after:
      return std::make_shared<NoNotAfter>(std::move(memory), std::move(client));
    case Mutant::older_ticket_keeps_out:
      return std::make_shared<OlderTicketKeepsOut>(std::move(memory), std::move(client));
    case Mutant::refresh_restores_record:
      return std::make_shared<RefreshRestoresRecord>(std::move(memory), std::move(client));
    case Mutant::repeat_gets_a_fence:
      return std::make_shared<RepeatGetsAFence>(std::move(memory), std::move(client));
    case Mutant::fence_stays_for_ever:
      return std::make_shared<FenceStaysForEver>(std::move(memory), std::move(client));
    case Mutant::mark_comes_later:
      return std::make_shared<MarkComesLater>(std::move(memory), std::move(client));
    case Mutant::closed_name_opens:
      return std::make_shared<ChangesWhatStaysClosed>(std::move(memory), std::move(client),
                                                      std::nullopt);
    case Mutant::closed_name_stays:
      return std::make_shared<ChangesWhatStaysClosed>(std::move(memory), std::move(client), 1h);
    default:
      break;
  }
  return client;
}

}  // namespace exclusive_lock::sim
