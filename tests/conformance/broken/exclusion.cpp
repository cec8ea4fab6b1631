// Broken in G1 and G2: one hold, for its time, with a fence that grows.

#include <chrono>
#include <thread>

#include "conformance/broken_store.hpp"
#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

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

}  // namespace

BrokenStores broken_in_exclusion() {
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
      broken<LeavesFencesForEver>("LeavesFencesForEver", "NothingIsLeftButFences")};
}

}  // namespace exclusive_lock::conformance
