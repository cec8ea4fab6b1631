// Broken in G3: nobody else's lock is touched.

#include "conformance/broken_store.hpp"

namespace exclusive_lock::conformance {
namespace {

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

}  // namespace

BrokenStores broken_in_ownership() {
  return {
      broken<ReleasesAnyones>("ReleasesAnyones", "TwoObjectsOfOneProgramAreStrangers"),
      broken<ReleasesStrangers>("ReleasesStrangers", "StrangersRecordWithATtlKeepsEveryoneOut"),
      broken<RefreshesAnyones>("RefreshesAnyones", "TwoObjectsOfOneProgramAreStrangers"),
      broken<RefreshesStrangersSilently>("RefreshesStrangersSilently",
                                         "StrangersRecordWithoutATtlKeepsEveryoneOut"),
      broken<OverwritesStrangers>("OverwritesStrangers", "StrangersRecordWithATtlKeepsEveryoneOut"),
      broken<RemovesUnseen>("RemovesUnseen", "RemoveTakesTheVeryRecordOnly")};
}

}  // namespace exclusive_lock::conformance
