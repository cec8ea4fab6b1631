// Broken in G4: lost replies and old requests.

#include "conformance/broken_store.hpp"

namespace exclusive_lock::conformance {
namespace {

class LocksItselfOut : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (seen(request.key)) {
      request.owner.id[0] ^= 1;  // as if it were somebody else's
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class ProlongsWhenAskedAgain : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto record = seen(request.key);
    if (record && record_owner(record->value) == request.owner) {
      memory_->plant(record->key, record->value, request.ttl);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class TakesOverFromNewerTickets : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto there = holder(request.key);
    if (there && there->id == request.owner.id && there->ticket > request.owner.ticket) {
      memory_->erase(request.key);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class ReleasesNewerTickets : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.owner.ticket = ~Ticket{0};
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class SparesOlderTickets : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const auto there = holder(request.key);
    if (there && there->ticket != request.owner.ticket) {
      request.owner.id[0] ^= 1;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class GrantsTooLate : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.not_after = Instant::max();
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

}  // namespace

BrokenStores broken_in_repetition() {
  return {broken<LocksItselfOut>("LocksItselfOut", "SameAttemptAgainIsGrantedUnchanged"),
          broken<ProlongsWhenAskedAgain>("ProlongsWhenAskedAgain",
                                         "SameAttemptAgainIsGrantedUnchanged"),
          broken<TakesOverFromNewerTickets>("TakesOverFromNewerTickets",
                                            "OvertakenAttemptIsSuperseded"),
          broken<ReleasesNewerTickets>("ReleasesNewerTickets", "ReleaseSparesNewerTickets"),
          broken<SparesOlderTickets>("SparesOlderTickets", "ReleaseTakesOlderTicketsAlong"),
          broken<GrantsTooLate>("GrantsTooLate", "TooLateIsNotGranted")};
}

}  // namespace exclusive_lock::conformance
