// Broken in the rest of the contract.

#include <algorithm>

#include "conformance/broken_store.hpp"

namespace exclusive_lock::conformance {
namespace {

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

}  // namespace

BrokenStores broken_in_contract() {
  return {broken<MergesNames>("MergesNames", "NamesOfEveryKindAreLocksOfTheirOwn"),
          broken<CutsContents>("CutsContents", "ContentsComeBackAsTheyWere"),
          broken<ListsSilentlyCut>("ListsSilentlyCut", "ListSaysWhenThereAreMore"),
          broken<ListsSideKeys>("ListsSideKeys", "ListShowsEachLockOnce"),
          broken<IgnoresDeadlines>("IgnoresDeadlines", "WithoutTimeNothingIsSent"),
          broken<AnswersWhenClosed>("AnswersWhenClosed", "ClosedConnectionAnswersNothingElse"),
          broken<AnswersTwice>("AnswersTwice", "ListShowsEachLockOnce")};
}

}  // namespace exclusive_lock::conformance
