// A release that is not answered is tried again with growing pauses, and not forever (G8): a
// server in difficulties must not be asked by all its clients all the time.

#include "runtime/releaser.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "manual_store.hpp"
#include "runtime/environment.hpp"
#include "runtime/scheduler.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class SetClock final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override { return now_; }
  void set(Instant now) { now_ = now; }

 private:
  Instant now_{1h};
};

class SetWaker final : public Waker {
 public:
  void start(std::function<void()> woken) override { woken_ = std::move(woken); }
  void set(Instant when) override { due = when; }
  void stop() override {}
  void wake() { woken_(); }
  std::optional<Instant> due;

 private:
  std::function<void()> woken_;
};

// No jitter: the longest pause there is.
class LongestPauses final : public RandomSource {
 public:
  [[nodiscard]] std::array<std::uint8_t, 16> id() override { return {}; }
  [[nodiscard]] double unit() override { return 1.0; }
};

class ReleaserTest : public ::testing::Test {
 protected:
  // The pause before each next try, if each fails.
  std::vector<Milliseconds> pauses(Instant pointless_after) {
    std::vector<Milliseconds> pauses;
    releaser_.release({.key = "k", .owner = {}}, pointless_after, nullptr);
    for (;;) {
      waker_.due = std::nullopt;
      store_.next_release().done(
          StoreFailure{.code = errc::outcome_unknown, .message = "", .may_have_run = true});
      if (!waker_.due)
        return pauses;
      pauses.push_back(std::chrono::duration_cast<Milliseconds>(*waker_.due - clock_.now()));
      clock_.set(*waker_.due);
      waker_.wake();
    }
  }

  SetClock clock_;
  SetWaker waker_;
  LongestPauses random_;
  ManualStore store_;
  Scheduler scheduler_{clock_, waker_, [] {}};
  Releaser releaser_{store_, clock_, random_, scheduler_, 1000ms};
};

TEST_F(ReleaserTest, PausesGrowToASecond) {
  const auto all = pauses(clock_.now() + 4s);
  EXPECT_EQ(all,
            (std::vector<Milliseconds>{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1000ms, 1000ms}));
}

TEST_F(ReleaserTest, NothingIsTriedWhenTheRecordIsGoneByItself) {
  const Instant gone = clock_.now() + 100ms;
  EXPECT_EQ(pauses(gone).size(), 2U);
  EXPECT_LT(clock_.now(), gone);
  EXPECT_FALSE(store_.asked_for_release());
  releaser_.settle();  // nothing is unsettled: it does not wait
}

TEST_F(ReleaserTest, RepeatedOneClosesTheNameForWhatRemains) {
  releaser_.release({.key = "k", .owner = {}, .closed_for = 50ms}, Instant::max(), nullptr);
  std::vector<std::optional<Milliseconds>> closed;
  for (int i = 0; i < 3; ++i) {
    const auto asked = store_.next_release();
    closed.push_back(asked.request.closed_for);
    asked.done(StoreFailure{.code = errc::outcome_unknown, .message = "", .may_have_run = true});
    clock_.set(*waker_.due);  // 20 ms, then 40 ms
    waker_.wake();
  }
  EXPECT_EQ(closed, (std::vector<std::optional<Milliseconds>>{50ms, 30ms, std::nullopt}));
  store_.next_release().done(ReleaseReply{ReleaseReplyStatus::released});
}

TEST_F(ReleaserTest, AnswerOfAnyKindEndsIt) {
  releaser_.release({.key = "k", .owner = {}}, Instant::max(), nullptr);
  store_.next_release().done(ReleaseReply{ReleaseReplyStatus::not_owner});
  EXPECT_FALSE(waker_.due);
  releaser_.settle();
}

TEST_F(ReleaserTest, ClosedConnectionEndsIt) {
  releaser_.release({.key = "k", .owner = {}}, Instant::max(), nullptr);
  store_.close();
  EXPECT_FALSE(waker_.due);
  releaser_.settle();
}

}  // namespace
}  // namespace exclusive_lock
