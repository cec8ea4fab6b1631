// Broken in G6 where some go past those who wait (docs/decisions/0011-barging.md).

#include "conformance/broken_store.hpp"

namespace exclusive_lock::conformance {
namespace {

constexpr std::size_t for_ever = 1'000'000;

// Breaks the pass counts that it is asked for.
class ChangesTheStreak : public Whole {
 public:
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    before_attempt(request);
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    before_release(request);
    Whole::release(std::move(request), deadline, std::move(done));
  }

 private:
  virtual void before_attempt(AttemptRequest&) {}
  virtual void before_release(ReleaseRequest&) {}
};

class NeverCountsTheStreak : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  static std::size_t changed(std::size_t pass_count) { return pass_count > 0 ? for_ever : 0; }
  void before_attempt(AttemptRequest& request) override {
    request.barging_limit = changed(request.barging_limit);
  }
  void before_release(ReleaseRequest& request) override {
    request.barging_limit = changed(request.barging_limit);
  }
};

class LetsOneMoreGoPast : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_attempt(AttemptRequest& request) override {
    request.barging_limit += request.barging_limit > 0 ? 1 : 0;
  }
};

class LetsEverybodyGoPast : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_attempt(AttemptRequest& request) override { request.barging_limit = for_ever; }
};

class LetsNobodyGoPast : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_attempt(AttemptRequest& request) override { request.barging_limit = 0; }
};

class LetsThePatientWait : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_attempt(AttemptRequest& request) override {
    request.barging_limit = request.wait_options ? 0 : request.barging_limit;
  }
};

class LetsThoseGoPastWhoAreTooLate : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_attempt(AttemptRequest& request) override {
    request.not_after = request.barging_limit > 0 ? Instant::max() : request.not_after;
  }
};

class LeavesNothingFree : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_release(ReleaseRequest& request) override { request.barging_limit = 0; }
};

class LeavesEverythingFree : public ChangesTheStreak {
  using ChangesTheStreak::ChangesTheStreak;
  void before_release(ReleaseRequest& request) override { request.barging_limit = for_ever; }
};

// But those whom a lock was handed over to.
class WakesNobody : public Whole {
  using Whole::Whole;
  void listen(WakeUpListener listener) override {
    listener.wake_up = [this, next = std::move(listener.wake_up)](const WakeUp& wake_up) {
      for (const StoredRecord& record : memory_->everything()) {
        if (record_owner(record.value) == wake_up.owner) {
          next(wake_up);
        }
      }
    };
    Whole::listen(std::move(listener));
  }
};

class CountsEveryCopyOfAnAttempt : public Whole {
  using Whole::Whole;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    if (request.barging_limit > 0 && holder(request.key) == request.owner) {
      memory_->erase(request.key);
    }
    Whole::attempt(std::move(request), deadline, std::move(done));
  }
};

}  // namespace

BrokenStores broken_in_barging() {
  return {
      broken<NeverCountsTheStreak>("NeverCountsTheStreak", "StreakIsCountedForWhoeverIsFirst"),
      broken<LetsOneMoreGoPast>("LetsOneMoreGoPast", "AttemptKeepsToItsOwnStreak"),
      broken<LetsEverybodyGoPast>("LetsEverybodyGoPast", "FairObjectsGoPastNobody"),
      broken<LetsNobodyGoPast>("LetsNobodyGoPast", "LockOfADeadHolderCanBeBarged"),
      broken<LetsThePatientWait>("LetsThePatientWait", "PatientAttemptBargesToo"),
      broken<LetsThoseGoPastWhoAreTooLate>("LetsThoseGoPastWhoAreTooLate", "TooLateGoesPastNobody"),
      broken<LeavesNothingFree>("LeavesNothingFree", "WhatIsLeftFreeGoesToWhoeverBarges"),
      broken<LeavesEverythingFree>("LeavesEverythingFree", "FairReleaseHandsOverWhateverTheStreak"),
      broken<WakesNobody>("WakesNobody", "FirstInLineIsWokenAndGetsWhatNobodyTakes"),
      broken<CountsEveryCopyOfAnAttempt>("CountsEveryCopyOfAnAttempt",
                                         "SameAttemptAgainCountsOnce"),
  };
}

}  // namespace exclusive_lock::conformance
