#include "conformance/broken_store.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// A memory store as it should be; what follows overrides one verb each, and breaks it.
class Whole : public Store {
 public:
  explicit Whole(std::shared_ptr<MemoryStore> memory) : memory_(std::move(memory)) {}

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    memory_->attempt(std::move(request), deadline, std::move(done));
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    memory_->refresh(std::move(requests), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    memory_->release(std::move(request), deadline, std::move(done));
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    memory_->inspect(std::move(key), deadline, std::move(done));
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    memory_->list(std::move(key_prefix), most, deadline, std::move(done));
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    memory_->remove(std::move(key), std::move(expected), deadline, std::move(done));
  }
  Milliseconds retry_pause() const override { return memory_->retry_pause(); }
  const std::string& url() const override { return memory_->url(); }
  void close() override { memory_->close(); }

 protected:
  [[nodiscard]] std::optional<StoredRecord> seen(const std::string& key) const {
    for (StoredRecord& record : memory_->everything()) {
      if (record.key == key) {
        return std::move(record);
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Owner> holder(const std::string& key) const {
    const auto record = seen(key);
    return record ? record_owner(record->value) : std::nullopt;
  }
  // Asks the whole store; its answer comes before it returns.
  [[nodiscard]] Answer<AttemptReply> whole_attempt(AttemptRequest request, Instant deadline) {
    Answer<AttemptReply> kept;
    memory_->attempt(std::move(request), deadline,
                     [&kept](Answer<AttemptReply> answer) { kept = std::move(answer); });
    return kept;
  }
  // The answer and the record with another fence in them.
  Answer<AttemptReply> with_fence(Fence fence, const AttemptRequest& request,
                                  Answer<AttemptReply> answer) {
    auto* reply = std::get_if<AttemptReply>(&answer);
    if (reply != nullptr && reply->outcome == AttemptOutcome::granted) {
      reply->fence = fence;
      memory_->plant(request.key, encode_record(request.owner, fence, 1, request.record_tail),
                     reply->remaining_ttl);
    }
    return answer;
  }

  std::shared_ptr<MemoryStore> memory_;
};

// --- G1: one hold, for its time
// ----------------------------------------------------------------------

class LooksAndThenWrites : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const bool is_free = !seen(request.key);
    std::this_thread::sleep_for(1ms);
    if (is_free) {
      memory_->erase(request.key);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class NeverExpires : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.ttl += 1h;
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class ExpiresEarly : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.ttl -= request.ttl / 50;
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class AddsToTheTtl : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (RefreshRequest& request : requests) {
      const auto record = seen(request.key);
      request.ttl += record ? record->remaining_ttl.value_or(0ms) : 0ms;
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

class RefreshesTheFirstOnly : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    const std::size_t count = requests.size();
    requests.resize(1);
    Whole::refresh(std::move(requests), deadline, [count, done](Answer<RefreshReply> answer) {
      if (auto* reply = std::get_if<RefreshReply>(&answer)) {
        reply->verdicts.resize(count, reply->verdicts.at(0));
      }
      done(std::move(answer));
    });
  }
};

class RevivesTheLost : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (const RefreshRequest& request : requests) {
      if (!seen(request.key)) {
        memory_->plant(request.key, encode_record(request.owner, Fence{1}, 1, "}"), request.ttl);
      }
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

// --- G2: fences
// --------------------------------------------------------------------------------------

class CountsFencesFromOne : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const std::string counter = fence_key(request.key).value() + "-counter";
    const auto last = seen(counter);
    const Fence next{last ? std::stoull(last->value) + 1 : 1};
    memory_->plant(counter, std::to_string(next.value), 1h);
    done(with_fence(next, request, whole_attempt(request, deadline)));
  }
};

class ForgetsTheFloor : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.floor = Fence{};
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class TakesOverWithTheSameFence : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const auto before = seen(request.key);
    const auto fence = before ? record_fence(before->value) : std::nullopt;
    const auto answer = whole_attempt(request, deadline);
    done(fence ? with_fence(*fence, request, answer) : answer);
  }
};

class ForgetsTheFenceOnRelease : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (!seen(request.key)) {
      memory_->erase(fence_key(request.key).value());
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class LeavesFencesForEver : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const std::string fence = fence_key(request.key).value();
    Whole::attempt(std::move(request), deadline, std::move(done));
    if (const auto kept = seen(fence)) {
      memory_->plant(fence, kept->value, std::nullopt);
    }
  }
};

// --- G3: nobody else's
// -------------------------------------------------------------------------------

class ReleasesAnyones : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.owner = holder(request.key).value_or(request.owner);
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class ReleasesStrangers : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (!holder(request.key)) {
      memory_->erase(request.key);
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class RefreshesAnyones : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (RefreshRequest& request : requests) {
      request.owner = holder(request.key).value_or(request.owner);
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

class RefreshesStrangersSilently : public Whole {
  using Whole::Whole;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    for (const RefreshRequest& request : requests) {
      const auto record = seen(request.key);
      if (record && !record_owner(record->value)) {
        memory_->plant(record->key, record->value, request.ttl);
      }
    }
    Whole::refresh(std::move(requests), deadline, std::move(done));
  }
};

class OverwritesStrangers : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (!holder(request.key)) {
      memory_->erase(request.key);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class RemovesUnseen : public Whole {
  using Whole::Whole;
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    const auto record = seen(key);
    Whole::remove(std::move(key), record ? record->value : expected, deadline, std::move(done));
  }
};

// --- G4: lost replies and old requests
// ---------------------------------------------------------------

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

// --- the rest of the contract
// ------------------------------------------------------------------------

class MergesNames : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    std::replace(request.key.begin(), request.key.end(), '%', '-');
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class CutsContents : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    request.record_tail.resize(std::min<std::size_t>(request.record_tail.size(), 64 * 1024));
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

class ListsSilentlyCut : public Whole {
  using Whole::Whole;
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    Whole::list(std::move(key_prefix), most, deadline, [done](Answer<ListReply> answer) {
      if (auto* reply = std::get_if<ListReply>(&answer)) {
        reply->truncated = false;
      }
      done(std::move(answer));
    });
  }
};

class ListsSideKeys : public Whole {
  using Whole::Whole;
  void list(std::string key_prefix, std::size_t, Instant, Done<ListReply> done) override {
    ListReply reply;
    for (StoredRecord& record : memory_->everything()) {
      if (record.key.find(key_prefix) != std::string::npos) {
        reply.records.push_back(std::move(record));
      }
    }
    done(std::move(reply));
  }
};

class IgnoresDeadlines : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant, Done<ReleaseReply> done) override {
    Whole::release(std::move(request), Instant::max(), std::move(done));
  }
};

class AnswersWhenClosed : public Whole {
  using Whole::Whole;
  void close() override {}
};

class AnswersTwice : public Whole {
  using Whole::Whole;
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    Whole::inspect(key, deadline, done);
    Whole::inspect(key, deadline, done);
  }
};

template <class Store>
BrokenStore broken(std::string name, std::string caught_by) {
  return {std::move(name), std::move(caught_by), [](std::shared_ptr<MemoryStore> memory) {
            return std::make_shared<Store>(std::move(memory));
          }};
}

}  // namespace

std::vector<BrokenStore> broken_stores() {
  return {
      broken<LooksAndThenWrites>("LooksAndThenWrites", "OneOfManyThreadsIsGranted"),
      broken<NeverExpires>("NeverExpires", "RecordLivesForItsTtl"),
      broken<ExpiresEarly>("ExpiresEarly", "RecordLivesForItsTtl"),
      broken<AddsToTheTtl>("AddsToTheTtl", "RefreshSetsAndNeverAdds"),
      broken<RefreshesTheFirstOnly>("RefreshesTheFirstOnly", "RefreshOfManyKeysHasAVerdictForEach"),
      broken<RevivesTheLost>("RevivesTheLost", "LossIsToldWhenTheRecordIsRemoved"),
      broken<CountsFencesFromOne>("CountsFencesFromOne", "FenceGrowsOverARestartWithoutData"),
      broken<ForgetsTheFloor>("ForgetsTheFloor", "FenceStaysAboveTheFloor"),
      broken<TakesOverWithTheSameFence>("TakesOverWithTheSameFence", "NewerTicketTakesOver"),
      broken<ForgetsTheFenceOnRelease>("ForgetsTheFenceOnRelease", "FenceGrowsFromHoldToHold"),
      broken<LeavesFencesForEver>("LeavesFencesForEver", "NothingIsLeftButFences"),
      broken<ReleasesAnyones>("ReleasesAnyones", "TwoObjectsOfOneProgramAreStrangers"),
      broken<ReleasesStrangers>("ReleasesStrangers", "StrangersRecordWithATtlKeepsEveryoneOut"),
      broken<RefreshesAnyones>("RefreshesAnyones", "TwoObjectsOfOneProgramAreStrangers"),
      broken<RefreshesStrangersSilently>("RefreshesStrangersSilently",
                                         "StrangersRecordWithoutATtlKeepsEveryoneOut"),
      broken<OverwritesStrangers>("OverwritesStrangers", "StrangersRecordWithATtlKeepsEveryoneOut"),
      broken<RemovesUnseen>("RemovesUnseen", "RemoveTakesTheVeryRecordOnly"),
      broken<LocksItselfOut>("LocksItselfOut", "SameAttemptAgainIsGrantedUnchanged"),
      broken<ProlongsWhenAskedAgain>("ProlongsWhenAskedAgain",
                                     "SameAttemptAgainIsGrantedUnchanged"),
      broken<TakesOverFromNewerTickets>("TakesOverFromNewerTickets",
                                        "OvertakenAttemptIsSuperseded"),
      broken<ReleasesNewerTickets>("ReleasesNewerTickets", "ReleaseSparesNewerTickets"),
      broken<SparesOlderTickets>("SparesOlderTickets", "ReleaseTakesOlderTicketsAlong"),
      broken<GrantsTooLate>("GrantsTooLate", "TooLateIsNotGranted"),
      broken<MergesNames>("MergesNames", "NamesOfEveryKindAreLocksOfTheirOwn"),
      broken<CutsContents>("CutsContents", "ContentsComeBackAsTheyWere"),
      broken<ListsSilentlyCut>("ListsSilentlyCut", "ListSaysWhenThereAreMore"),
      broken<ListsSideKeys>("ListsSideKeys", "ListShowsEachLockOnce"),
      broken<IgnoresDeadlines>("IgnoresDeadlines", "WithoutTimeNothingIsSent"),
      broken<AnswersWhenClosed>("AnswersWhenClosed", "ClosedConnectionAnswersNothingElse"),
      broken<AnswersTwice>("AnswersTwice", "ListShowsEachLockOnce"),
  };
}

}  // namespace exclusive_lock::conformance
