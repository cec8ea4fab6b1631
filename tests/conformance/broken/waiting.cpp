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
    if (!seen(request.key) && !request.patience) {
      memory_->plant(request.key, encode_record(request.owner, Fence{1}, 1, request.record_tail),
                     request.ttl);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class TryWaits : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (!request.patience) {
      request.patience = Patience{.alive_for = request.ttl, .confirm_ttl = request.ttl};
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class WaitsForNothing : public Whole {
  using Whole::Whole;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    if (seen(request.key)) {
      Whole::beat(std::move(request), deadline, std::move(done));
    } else {
      done(BeatReply{.outcome = BeatOutcome::waiting, .position = 1});
    }
  }
};

// Breaks what an attempt with patience asks for.
class ChangesThePatience : public Whole {
 public:
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.patience) {
      change(request, *request.patience);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }

 private:
  virtual void change(AttemptRequest& request, Patience& patience) = 0;
};

class ServesTheLastFirst : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest&, Patience& patience) override {
    patience.arrived_at = next_;
    next_ -= 1s;
  }
  StoreTime next_ = 24h;
};

class HandsOverForTheFullTtl : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest& request, Patience& patience) override {
    patience.confirm_ttl = request.ttl;
  }
};

class NeverSkipsTheDead : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest&, Patience& patience) override { patience.alive_for = 1h; }
};

class ForgetsArrivals : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest&, Patience& patience) override { patience.arrived_at.reset(); }
};

class IsNeverFull : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest&, Patience& patience) override {
    patience.most_waiting = std::numeric_limits<std::size_t>::max();
  }
};

class IsKeptFullByTheDead : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto record = seen(request.key);
    if (record && request.patience && record->waiting >= request.patience->most_waiting) {
      done(AttemptReply{.outcome = AttemptOutcome::queue_full,
                        .fence = Fence{},
                        .remaining_ttl = record->remaining_ttl,
                        .store_time = std::nullopt});
    } else {
      Whole::attempt(std::move(request), deadline, std::move(done));
    }
  }
};

class ForgetsTheFloorOfWaiters : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest& request, Patience&) override { request.floor = Fence{}; }
};

class WaitsTooLate : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest& request, Patience&) override { request.not_after = Instant::max(); }
};

class GoesBehindWhenAskedAgain : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest& request, Patience&) override {
    if (holder(request.key) != request.owner) {
      memory_->release({.key = request.key, .owner = request.owner}, Instant::max(),
                       [](const auto&) {});
    }
  }
};

class LeavesTheQueueBehind : public ChangesThePatience {
  using ChangesThePatience::ChangesThePatience;
  void change(AttemptRequest& request, Patience&) override {
    memory_->plant(queue_key(request.key + "2").value(), "1", 60s);
  }
};

class BeatMakesAnEntry : public Whole {
  using Whole::Whole;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    if (seen(request.key) && holder(request.key) != request.owner) {
      const Patience patience{.alive_for = request.alive_for, .confirm_ttl = request.ttl};
      static_cast<void>(whole_attempt({.key = request.key,
                                       .owner = request.owner,
                                       .ttl = request.ttl,
                                       .record_tail = "}",
                                       .floor = {},
                                       .not_after = Instant::max(),
                                       .patience = patience},
                                      deadline));
    }
    Whole::beat(std::move(request), deadline, std::move(done));
  }
};

class BeatLeavesTheShortTtl : public Whole {
  using Whole::Whole;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    const auto record = seen(request.key);
    request.ttl = record ? record->remaining_ttl.value_or(request.ttl) : request.ttl;
    Whole::beat(std::move(request), deadline, std::move(done));
  }
};

class BeatsForAnyTicket : public Whole {
  using Whole::Whole;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    for (const StoredWaiter& waiter : waiters(request.key)) {
      request.owner = waiter.owner.id == request.owner.id ? waiter.owner : request.owner;
    }
    Whole::beat(std::move(request), deadline, std::move(done));
  }
};

class ReleaseHandsNothingOver : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (holder(request.key) == request.owner) {
      memory_->erase(request.key);
      done(ReleaseReply{ReleaseVerdict::released});
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
      broken<BeatMakesAnEntry>("BeatMakesAnEntry", "BeatNeverMakesAnEntry"),
      broken<BeatLeavesTheShortTtl>("BeatLeavesTheShortTtl", "BeatAfterTheHandOverSetsTheFullTtl"),
      broken<BeatsForAnyTicket>("BeatsForAnyTicket", "OvertakenAttemptDoesNotWait"),
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
