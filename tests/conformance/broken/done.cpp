// Broken in G12 (docs/decisions/0020-once-per-period.md).

#include "conformance/broken_store.hpp"
#include "core/done_mark.hpp"
#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

class MarksEveryRelease : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.done_for = request.done_for.value_or(1h);
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class MarksNothing : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.done_for = std::nullopt;
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

// As a command of its own would, which does not know whose the lock is.
class MarksWhoeverHolds : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const auto record = seen(request.key);
    if (request.done_for && record) {
      memory_->plant(done_key(request.key).value(), encode_done_mark(record->value, StoreTime(1h)),
                     request.done_for);
    }
    request.done_for = std::nullopt;
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class CutsTheTimeOfAMark : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (request.done_for) {
      memory_->erase(done_key(request.key).value());
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class KeepsMarksForGood : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (request.done_for) {
      request.done_for = 24h;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class LosesTheMarkInAHandOver : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (!waiters(request.key).empty()) {
      request.done_for = std::nullopt;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class PutsTheContentsIntoTheMark : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const auto record = seen(request.key);
    const bool is_marked = request.done_for && record;
    const std::string key = request.key;
    Whole::release(std::move(request), deadline, std::move(done));
    if (is_marked) {
      memory_->plant(done_key(key).value(), R"({"ended_us":1,)" + record->value.substr(1), 1h);
    }
  }
};

class ListsNoMarks : public Whole {
  using Whole::Whole;
  void list_marks(std::string, std::size_t, Instant, Done<ListMarksReply> done) override {
    done(ListMarksReply{});
  }
};

class ForgetsNothing : public Whole {
  using Whole::Whole;
  void forget(std::string, Instant, Done<ForgetReply> done) override { done(ForgetReply{true}); }
};

class ClosesNothing : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    request.closed_for = std::nullopt;
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

class ClosesForGood : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    if (request.closed_for) {
      request.closed_for = 24h;
    }
    Whole::release(std::move(request), deadline, std::move(done));
  }
};

// What is closed stays its owner's.
class ClosesUnderTheOldTicket : public Whole {
  using Whole::Whole;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const auto record = seen(request.key);
    const auto closed_for = request.closed_for;
    const std::string key = request.key;
    Whole::release(std::move(request), deadline, std::move(done));
    if (closed_for && record) {
      memory_->plant(key, record->value, closed_for);
    }
  }
};

}  // namespace

BrokenStores broken_in_what_was_done() {
  return {
      broken<MarksEveryRelease>("MarksEveryRelease", "PlainReleaseLeavesNoMark"),
      broken<MarksNothing>("MarksNothing", "MarkSaysWhoAndWhen"),
      broken<MarksWhoeverHolds>("MarksWhoeverHolds", "OnlyTheHolderLeavesAMark"),
      broken<CutsTheTimeOfAMark>("CutsTheTimeOfAMark", "ShorterTimeDoesNotCutThatOfTheMarkBefore"),
      broken<KeepsMarksForGood>("KeepsMarksForGood", "MarkEndsWithItsTime"),
      broken<LosesTheMarkInAHandOver>("LosesTheMarkInAHandOver",
                                      "MarkIsThereWhenTheLockIsHandedOver"),
      broken<PutsTheContentsIntoTheMark>("PutsTheContentsIntoTheMark",
                                         "MarkIsTheRecordWithoutItsContents"),
      broken<ListsNoMarks>("ListsNoMarks", "MarksAreListed"),
      broken<ForgetsNothing>("ForgetsNothing", "WhatIsForgottenWasNotDone"),
      broken<ClosesNothing>("ClosesNothing", "ClosedLockIsNobodys"),
      broken<ClosesForGood>("ClosesForGood", "ClosedLockOpensWhenItsTimeIsOver"),
      broken<ClosesUnderTheOldTicket>("ClosesUnderTheOldTicket", "ClosedLockIsNobodys"),
  };
}

}  // namespace exclusive_lock::conformance
