// Broken in G6: first come, first served, and nobody is forgotten.

#include <algorithm>
#include <chrono>
#include <limits>

#include "conformance/broken_store.hpp"
#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

class BargesIn : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (!seen(request.key) && !request.wait_options) {
      memory_->plant(request.key, encode_record(request.owner, Fence{1}, 1, request.record_tail),
                     request.ttl);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class TryWaits : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (!request.wait_options) {
      request.wait_options = WaitOptions{.alive_for = request.ttl, .confirm_ttl = request.ttl};
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class WaitsForNothing : public Whole {
  using Whole::Whole;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    if (seen(request.key)) {
      Whole::heartbeat(std::move(request), deadline, std::move(done));
    } else {
      done(HeartbeatReply{.outcome = HeartbeatReplyStatus::waiting, .position = 1});
    }
  }
};

// Breaks what an attempt with wait options asks for.
class ChangesTheWait : public Whole {
 public:
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.wait_options) {
      change(request, *request.wait_options);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }

 private:
  virtual void change(AttemptRequest& request, WaitOptions& wait_options) = 0;
};

class ServesTheLastFirst : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest&, WaitOptions& wait_options) override {
    wait_options.arrived_at = next_;
    next_ -= 1s;
  }
  StoreTime next_ = 24h;
};

class HandsOverForTheFullTtl : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest& request, WaitOptions& wait_options) override {
    wait_options.confirm_ttl = request.ttl;
  }
};

class NeverSkipsTheDead : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest&, WaitOptions& wait_options) override { wait_options.alive_for = 1h; }
};

class ForgetsArrivals : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest&, WaitOptions& wait_options) override {
    wait_options.arrived_at.reset();
  }
};

class IsNeverFull : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest&, WaitOptions& wait_options) override {
    wait_options.max_waiting = std::numeric_limits<std::size_t>::max();
  }
};

class IsKeptFullByTheDead : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto record = seen(request.key);
    if (record && request.wait_options && record->waiting >= request.wait_options->max_waiting) {
      done(AttemptReply{.outcome = AttemptReplyStatus::queue_full,
                        .fence = Fence{},
                        .remaining_ttl = record->remaining_ttl,
                        .store_time = std::nullopt});
    } else {
      Whole::attempt(std::move(request), deadline, std::move(done));
    }
  }
};

class ForgetsTheFloorOfWaiters : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest& request, WaitOptions&) override { request.floor = Fence{}; }
};

class WaitsTooLate : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest& request, WaitOptions&) override {
    request.not_after = Instant::max();
  }
};

class GoesBehindWhenAskedAgain : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest& request, WaitOptions&) override {
    if (holder(request.key) != request.owner) {
      memory_->release({.key = request.key, .owner = request.owner}, Instant::max(),
                       [](const auto&) {});
    }
  }
};

class LeavesTheQueueBehind : public ChangesTheWait {
  using ChangesTheWait::ChangesTheWait;
  void change(AttemptRequest& request, WaitOptions&) override {
    memory_->plant(queue_key(request.key + "2").value(), "1", 60s);
  }
};

class HeartbeatMakesAnEntry : public Whole {
  using Whole::Whole;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    if (seen(request.key) && holder(request.key) != request.owner) {
      const WaitOptions wait_options{.alive_for = request.alive_for, .confirm_ttl = request.ttl};
      static_cast<void>(whole_attempt({.key = request.key,
                                       .owner = request.owner,
                                       .ttl = request.ttl,
                                       .record_tail = "}",
                                       .floor = {},
                                       .not_after = Instant::max(),
                                       .wait_options = wait_options},
                                      deadline));
    }
    Whole::heartbeat(std::move(request), deadline, std::move(done));
  }
};

class HeartbeatLeavesTheShortTtl : public Whole {
  using Whole::Whole;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    const auto record = seen(request.key);
    request.ttl = record ? record->remaining_ttl.value_or(request.ttl) : request.ttl;
    Whole::heartbeat(std::move(request), deadline, std::move(done));
  }
};

class HeartbeatsForAnyTicket : public Whole {
  using Whole::Whole;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    for (const StoredWaiter& waiter : waiters(request.key)) {
      request.owner = waiter.owner.id == request.owner.id ? waiter.owner : request.owner;
    }
    Whole::heartbeat(std::move(request), deadline, std::move(done));
  }
};

class ReleaseHandsNothingOver : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (holder(request.key) == request.owner) {
      memory_->erase(request.key);
      done(ReleaseReply{ReleaseReplyStatus::released});
    } else {
      Whole::release(std::move(request), deadline, std::move(done));
    }
  }
};

class RemoveHandsNothingOver : public Whole {
  using Whole::Whole;
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    const auto record = seen(key);
    if (record && record->value == expected) {
      memory_->erase(key);
      done(RemoveReply{true});
    } else {
      Whole::remove(std::move(key), std::move(expected), deadline, std::move(done));
    }
  }
};

class TakesAnyonesEntry : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const auto waiting = waiters(request.key);
    if (!waiting.empty() && holder(request.key) != request.owner) {
      request.owner = waiting.front().owner;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class TakesNewerEntries : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    for (const StoredWaiter& waiter : waiters(request.key)) {
      request.owner = waiter.owner.id == request.owner.id ? waiter.owner : request.owner;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class NeverPushes : public Whole {
  using Whole::Whole;
  void listen(WakeUpListener) override {}
};

class WakesAnotherTicket : public Whole {
  using Whole::Whole;
  void listen(WakeUpListener listener) override {
    listener.wake_up = [next = std::move(listener.wake_up)](WakeUp wake_up) {
      wake_up.owner.ticket -= 1;
      next(wake_up);
    };
    Whole::listen(std::move(listener));
  }
};

class ShowsWaitersInNoOrder : public Whole {
  using Whole::Whole;
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    Whole::inspect(std::move(key), deadline, [done](Answer<InspectReply> answer) {
      auto* reply = std::get_if<InspectReply>(&answer);
      if (reply != nullptr && reply->record) {
        std::reverse(reply->record->waiters.begin(), reply->record->waiters.end());
      }
      done(std::move(answer));
    });
  }
};

class ListsNobodyWaiting : public Whole {
  using Whole::Whole;
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    Whole::list(std::move(key_prefix), most, deadline, [done](Answer<ListReply> answer) {
      if (auto* reply = std::get_if<ListReply>(&answer)) {
        for (StoredRecord& record : reply->records) {
          record.waiting = 0;
        }
      }
      done(std::move(answer));
    });
  }
};

}  // namespace

BrokenStores broken_in_waiting() {
  return {
      broken<BargesIn>("BargesIn", "NobodyBargesIn"),
      broken<TryWaits>("TryWaits", "NobodyBargesIn"),
      broken<WaitsForNothing>("WaitsForNothing", "ExpiredRecordIsHandedOverByWhoeverComes"),
      broken<ServesTheLastFirst>("ServesTheLastFirst", "WaitersAreServedInOrderOfArrival"),
      broken<HandsOverForTheFullTtl>("HandsOverForTheFullTtl",
                                     "HandedOverRecordIsWhatTheCodecWrites"),
      broken<NeverSkipsTheDead>("NeverSkipsTheDead", "DeadWaiterIsSkipped"),
      broken<ForgetsArrivals>("ForgetsArrivals", "ArrivalGivenBackKeepsItsPlace"),
      broken<IsNeverFull>("IsNeverFull", "FullQueueTakesNobodyElse"),
      broken<IsKeptFullByTheDead>("IsKeptFullByTheDead", "DeadWaitersDoNotKeepAQueueFull"),
      broken<ForgetsTheFloorOfWaiters>("ForgetsTheFloorOfWaiters", "FenceGrowsOverHandOvers"),
      broken<WaitsTooLate>("WaitsTooLate", "TooLateMakesNoEntry"),
      broken<GoesBehindWhenAskedAgain>("GoesBehindWhenAskedAgain", "NewerTicketKeepsItsPlace"),
      broken<LeavesTheQueueBehind>("LeavesTheQueueBehind", "NothingIsLeftOfTheQueue"),
      broken<HeartbeatMakesAnEntry>("HeartbeatMakesAnEntry", "HeartbeatNeverMakesAnEntry"),
      broken<HeartbeatLeavesTheShortTtl>("HeartbeatLeavesTheShortTtl",
                                         "HeartbeatAfterTheHandOverSetsTheFullTtl"),
      broken<HeartbeatsForAnyTicket>("HeartbeatsForAnyTicket", "OvertakenAttemptDoesNotWait"),
      broken<ReleaseHandsNothingOver>("ReleaseHandsNothingOver",
                                      "HandedOverRecordIsWhatTheCodecWrites"),
      broken<RemoveHandsNothingOver>("RemoveHandsNothingOver", "RemoveHandsOver"),
      broken<TakesAnyonesEntry>("TakesAnyonesEntry", "NobodyElsesEntryIsTouched"),
      broken<TakesNewerEntries>("TakesNewerEntries", "ReleaseOfAnOlderTicketSparesTheEntry"),
      broken<NeverPushes>("NeverPushes", "HandOverWakesItsNewOwnerOnce"),
      broken<WakesAnotherTicket>("WakesAnotherTicket", "HandOverWakesItsNewOwnerOnce"),
      broken<ShowsWaitersInNoOrder>("ShowsWaitersInNoOrder", "InspectShowsTheWaitersInOrder"),
      broken<ListsNobodyWaiting>("ListsNobodyWaiting", "ListShowsHowManyWait"),
  };
}

}  // namespace exclusive_lock::conformance
