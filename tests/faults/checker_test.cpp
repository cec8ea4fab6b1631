// Histories that are recorded wrongly on purpose: each rule of the checker refuses one, and the
// sound ones beside them pass.

#include "faults/checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Instant at(std::chrono::milliseconds time) { return Instant(time); }

Hold hold(int worker, std::chrono::milliseconds from, std::chrono::milliseconds until,
          std::uint64_t fence) {
  return {.worker = worker,
          .requested_at = at(from - 1ms),
          .believed_from = at(from),
          .believed_until = at(until),
          .safe_until = at(until + 500ms),
          .fence = Fence{fence},
          .end = HoldEnd::released};
}

Write write(std::int64_t order, int worker, std::chrono::milliseconds when, std::uint64_t fence) {
  return {.order = order,
          .asked_at = at(when),
          .decided_at = at(when),
          .worker = worker,
          .fence = Fence{fence},
          .is_accepted = true,
          .highest = Fence{fence}};
}

Fault fault(std::chrono::milliseconds from, std::chrono::milliseconds until,
            Data data = Data::kept) {
  return {.name = "a fault", .began_at = at(from), .ended_at = at(until), .data = data};
}

// Two workers, one after the other, one fault between them.
History sound() {
  return {.holds = {hold(1, 100ms, 200ms, 10), hold(2, 300ms, 400ms, 20), hold(1, 500ms, 600ms, 30),
                    hold(2, 700ms, 800ms, 40)},
          .writes = {write(1, 1, 110ms, 10), write(2, 2, 310ms, 20), write(3, 1, 510ms, 30)},
          .faults = {fault(410ms, 450ms)}};
}

const Bounds bounds{.ttl = 600ms, .overlap_after_loss = 300ms, .recovery = 1s, .survivors = {1, 2}};

std::vector<std::string> violations_of(const std::function<void(History&)>& change) {
  History history = sound();
  change(history);
  return violations(history, bounds);
}

void expect_refused(const char* rule, const std::function<void(History&)>& change) {
  EXPECT_THAT(violations_of(change), Contains(StartsWith(rule)));
}

TEST(Checker, SoundHistoryHasNothingWrong) { EXPECT_THAT(violations(sound(), bounds), IsEmpty()); }

TEST(Checker, OverlapByOneInstantIsRefused) {
  expect_refused("overlap", [](History& h) { h.holds[0].believed_until = at(300ms); });
  EXPECT_THAT(violations_of(
                  [](History& h) { h.holds[0].believed_until = at(300ms) - Instant::duration(1); }),
              IsEmpty());
}

TEST(Checker, OverlapOfHoldsThatAreNotNeighboursIsRefused) {
  expect_refused("overlap", [](History& h) {
    h.holds[0].believed_until = at(750ms);
    h.holds[0].safe_until = at(760ms);
    h.holds[2].worker = 3;
  });
}

// The second hold begins, in the middle of the first, `length` before its end.
History overlapping_after_loss(std::chrono::milliseconds length) {
  History history = sound();
  history.holds[0].believed_until = at(300ms + length);
  history.holds[0].safe_until = at(301ms + length);
  history.holds[1].believed_until = at(1500ms);
  history.holds[1].safe_until = at(1501ms);
  history.holds.resize(2);
  history.writes.resize(2);
  history.faults = {fault(250ms, 260ms, Data::lost)};
  return history;
}

TEST(Checker, OverlapAfterALossOfDataIsBounded) {
  Bounds loose = bounds;
  loose.survivors = {};
  EXPECT_THAT(violations(overlapping_after_loss(300ms), loose), IsEmpty());
  EXPECT_THAT(violations(overlapping_after_loss(301ms), loose), Contains(StartsWith("overlap")));
  loose.overlap_after_loss = 10s;
  EXPECT_THAT(violations(overlapping_after_loss(560ms), loose), IsEmpty());
  EXPECT_THAT(violations(overlapping_after_loss(561ms), loose), Contains(StartsWith("overlap")))
      << "one ttl after the loss";
}

TEST(Checker, OverlapIsExcusedByALossBetweenTheTwoOnly) {
  for (const Fault& other : {fault(50ms, 60ms, Data::lost), fault(350ms, 360ms, Data::lost),
                             fault(250ms, 260ms, Data::kept)}) {
    History history = overlapping_after_loss(100ms);
    history.faults = {other};
    EXPECT_THAT(violations(history, bounds), Contains(StartsWith("overlap")));
  }
}

TEST(Checker, FenceThatFallsIsRefused) {
  expect_refused("fences", [](History& h) { h.holds[1].fence = Fence{9}; });
}

TEST(Checker, FenceThatIsUsedTwiceIsRefused) {
  expect_refused("fences", [](History& h) { h.holds[1].fence = Fence{10}; });
}

TEST(Checker, FenceThatFallsAcrossALossOfDataIsRefused) {
  expect_refused("fences", [](History& h) {
    h.faults[0].data = Data::lost;
    h.holds[2].fence = Fence{15};
  });
}

TEST(Checker, FencesOfRequestsThatCrossedALossMayComeInEitherOrder) {
  const auto crossing = [](History& h) {
    h.writes = {};
    h.holds[2].requested_at = at(250ms);  // so that it may have been granted before the second
    h.holds[2].fence = Fence{15};
  };
  expect_refused("fences", crossing);
  EXPECT_THAT(violations_of([&](History& h) {
                crossing(h);
                h.faults[0].data = Data::lost;
              }),
              IsEmpty());
}

TEST(Checker, StaleWriteThatWasAcceptedIsRefused) {
  expect_refused("register", [](History& h) { h.writes.push_back(write(4, 1, 520ms, 10)); });
}

TEST(Checker, StaleWriteThatWasRefusedIsAsItShouldBe) {
  EXPECT_THAT(violations_of([](History& h) {
                Write late = write(4, 1, 520ms, 10);
                late.is_accepted = false;
                h.writes.push_back(late);
              }),
              IsEmpty());
}

TEST(Checker, WriteThatWasRefusedWithoutCauseIsRefused) {
  expect_refused("register", [](History& h) { h.writes[2].is_accepted = false; });
}

TEST(Checker, BelieverThatWasRefusedIsRefused) {
  const auto refused = [](History& h) {
    Write write_of_one = write(4, 1, 150ms, 10);
    write_of_one.is_accepted = false;
    h.writes.push_back(write_of_one);
  };
  expect_refused("register", refused);
  EXPECT_THAT(violations_of([&](History& h) {
                refused(h);
                h.faults.push_back(fault(120ms, 130ms, Data::lost));
              }),
              IsEmpty())
      << "somebody else may believe too";
}

TEST(Checker, WriteWithAFenceOfSomebodyElseIsRefused) {
  expect_refused("register", [](History& h) { h.writes[1].worker = 1; });
  expect_refused("register", [](History& h) { h.writes.push_back(write(4, 1, 900ms, 99)); });
}

TEST(Checker, WriteThatIsMissingFromTheRegisterIsRefused) {
  expect_refused("register", [](History& h) { h.writes.erase(h.writes.begin() + 1); });
}

TEST(Checker, RecoveryThatIsTooLateIsRefused) {
  const auto late_by = [](std::chrono::milliseconds delay) {
    return [delay](History& h) {
      for (std::size_t i = 2; i < 4; ++i) {
        h.holds[i] = hold(static_cast<int>(i - 1), delay + 100ms * i, delay + 100ms * i + 50ms,
                          h.holds[i].fence.value);
      }
    };
  };
  EXPECT_THAT(violations_of(late_by(1250ms)), IsEmpty());
  expect_refused("recovery", late_by(1251ms));
}

TEST(Checker, RecoveryIsNotAskedForWhileAnotherFaultLasts) {
  EXPECT_THAT(violations_of([](History& h) {
                h.faults.push_back(fault(460ms, 5000ms));
                h.holds.resize(2);
                h.holds.push_back(hold(1, 5500ms, 5600ms, 30));
                h.holds.push_back(hold(2, 5700ms, 5800ms, 40));
              }),
              IsEmpty());
}

TEST(Checker, SurvivorThatNeverHeldAgainIsRefused) {
  expect_refused("recovery", [](History& h) { h.holds.pop_back(); });
}

TEST(Checker, LinesThatMakeNoSenseAreRefused) {
  expect_refused("shape", [](History& h) { h.holds[0].fence = {}; });
  expect_refused("shape", [](History& h) { h.holds[0].believed_until = at(99ms); });
  expect_refused("shape", [](History& h) { h.holds[0].requested_at = at(101ms); });
  expect_refused("shape", [](History& h) { h.holds[0].safe_until = h.holds[0].believed_until; });
  expect_refused("shape", [](History& h) { h.holds[2].requested_at = at(150ms); });
  expect_refused("shape", [](History& h) { h = {}; });
}

TEST(Checker, ManyOfOneKindAreCutShort) {
  const auto found = violations_of([](History& h) {
    for (int i = 0; i < 1000; ++i) {
      h.holds.push_back(hold(3, std::chrono::milliseconds(1000 + 10 * i),
                             std::chrono::milliseconds(1001 + 10 * i), 5));
    }
  });
  EXPECT_LT(found.size(), 40U);
}

}  // namespace
}  // namespace exclusive_lock::faults
