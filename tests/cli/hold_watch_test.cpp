#include "cli/hold_watch.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Order = HoldWatch::Order;
using Reason = HoldWatch::Reason;

constexpr Instant start{std::chrono::hours(1)};

HoldRules rules(OnLost on_lost = OnLost::kill) {
  return {.on_lost = on_lost, .grace = 500ms, .margin = 100ms, .max_hold = std::nullopt};
}

TEST(HoldWatch, RefreshedHoldGetsNoOrder) {
  HoldWatch watch(rules(), start);
  for (auto now = start; now < start + 100s; now += 1s) {
    const auto step = watch.next(now, now + 3s);
    EXPECT_EQ(step.order, Order::nothing);
    EXPECT_EQ(step.wake_at, now + 3s - 600ms);
  }
  EXPECT_EQ(watch.reason(), Reason::none);
}

TEST(HoldWatch, UnconfirmedHoldGetsTermAndThenKillBeforeItEnds) {
  HoldWatch watch(rules(), start);
  const Instant end = start + 3s;
  EXPECT_EQ(watch.next(end - 601ms, end).order, Order::nothing);
  const auto term = watch.next(end - 600ms, end);
  EXPECT_EQ(term.order, Order::terminate);
  EXPECT_EQ(term.wake_at, end - 100ms);
  EXPECT_EQ(watch.next(end - 101ms, end).order, Order::nothing);
  EXPECT_EQ(watch.next(end - 100ms, end).order, Order::kill);
  EXPECT_EQ(watch.next(end - 99ms, end).order, Order::nothing) << "KILL is ordered once";
  EXPECT_EQ(watch.reason(), Reason::lost);
}

TEST(HoldWatch, LateReplyDoesNotCancelTheKill) {
  HoldWatch watch(rules(), start);
  EXPECT_EQ(watch.next(start + 2400ms, start + 3s).order, Order::terminate);
  const auto refreshed = watch.next(start + 2500ms, start + 5s);
  EXPECT_EQ(refreshed.order, Order::nothing);
  EXPECT_EQ(refreshed.wake_at, start + 2900ms);
  EXPECT_EQ(watch.next(start + 2900ms, start + 5s).order, Order::kill);
}

TEST(HoldWatch, LossSendsTermAtOnceAndKillAfterTheGrace) {
  HoldWatch watch(rules(), start);
  EXPECT_EQ(watch.next(start, start + 3s).order, Order::nothing);
  const auto term = watch.next(start + 1s, std::nullopt);
  EXPECT_EQ(term.order, Order::terminate);
  EXPECT_EQ(term.wake_at, start + 1500ms);
  EXPECT_EQ(watch.next(start + 1500ms, std::nullopt).order, Order::kill);
}

TEST(HoldWatch, LossShortlyBeforeTheEndShortensTheGrace) {
  HoldRules long_grace = rules();
  long_grace.grace = 2s;
  HoldWatch watch(long_grace, start);
  EXPECT_EQ(watch.next(start, start + 3s).order, Order::nothing);
  const auto term = watch.next(start + 890ms, std::nullopt);
  EXPECT_EQ(term.order, Order::terminate);
  EXPECT_EQ(term.wake_at, start + 2890ms);
  HoldWatch later(rules(), start);
  EXPECT_EQ(later.next(start, start + 700ms).order, Order::nothing);
  EXPECT_EQ(later.next(start + 99ms, std::nullopt).wake_at, start + 599ms);
}

TEST(HoldWatch, LossFoundAfterTheEndSendsKillAtOnce) {
  HoldWatch watch(rules(), start);
  EXPECT_EQ(watch.next(start, start + 3s).order, Order::nothing);
  EXPECT_EQ(watch.next(start + 10s, std::nullopt).order, Order::kill);
  EXPECT_EQ(watch.reason(), Reason::lost);
}

TEST(HoldWatch, SignalNeverKills) {
  HoldWatch watch(rules(OnLost::signal), start);
  EXPECT_EQ(watch.next(start + 2400ms, start + 3s).order, Order::terminate);
  const auto after = watch.next(start + 10s, std::nullopt);
  EXPECT_EQ(after.order, Order::nothing);
  EXPECT_FALSE(after.wake_at);
  EXPECT_FALSE(watch.fallback_kill_at());
  EXPECT_EQ(watch.reason(), Reason::lost);
}

TEST(HoldWatch, IgnoreOnlyRecordsTheLoss) {
  HoldWatch watch(rules(OnLost::ignore), start);
  EXPECT_EQ(watch.next(start + 2900ms, start + 3s).order, Order::nothing);
  EXPECT_EQ(watch.reason(), Reason::none);
  EXPECT_EQ(watch.next(start + 4s, std::nullopt).order, Order::nothing);
  EXPECT_EQ(watch.reason(), Reason::lost);
  EXPECT_FALSE(watch.fallback_kill_at());
}

TEST(HoldWatch, MaxHoldSendsTermAndThenKill) {
  for (const OnLost on_lost : {OnLost::kill, OnLost::signal, OnLost::ignore}) {
    HoldRules limited = rules(on_lost);
    limited.max_hold = 10s;
    HoldWatch watch(limited, start);
    EXPECT_EQ(watch.next(start + 9s, start + 12s).order, Order::nothing);
    const auto term = watch.next(start + 10s, start + 13s);
    EXPECT_EQ(term.order, Order::terminate);
    EXPECT_EQ(term.wake_at, start + 10500ms);
    EXPECT_EQ(watch.next(start + 10500ms, start + 13s).order, Order::kill);
    EXPECT_EQ(watch.reason(), Reason::held_too_long);
  }
}

TEST(HoldWatch, LossTakesPrecedenceOverMaxHold) {
  HoldRules limited = rules(OnLost::signal);
  limited.max_hold = 10s;
  HoldWatch watch(limited, start);
  EXPECT_EQ(watch.next(start + 10s, start + 13s).order, Order::terminate);
  EXPECT_EQ(watch.next(start + 10100ms, std::nullopt).order, Order::nothing);
  EXPECT_EQ(watch.reason(), Reason::lost);
  EXPECT_EQ(watch.next(start + 10500ms, std::nullopt).order, Order::kill);
}

TEST(HoldWatch, RequiredEndSendsTermAndThenKillForEveryOnLost) {
  for (const OnLost on_lost : {OnLost::kill, OnLost::signal, OnLost::ignore}) {
    HoldWatch watch(rules(on_lost), start);
    EXPECT_EQ(watch.next(start, start + 100s).order, Order::nothing);
    EXPECT_FALSE(watch.must_end_all());
    watch.require_end();
    const auto term = watch.next(start + 1s, start + 100s);
    EXPECT_EQ(term.order, Order::terminate);
    EXPECT_EQ(term.wake_at, start + 1500ms);
    EXPECT_TRUE(watch.must_end_all());
    EXPECT_EQ(watch.next(start + 1500ms, start + 100s).order, Order::kill);
    EXPECT_TRUE(watch.must_end_all());
    EXPECT_EQ(watch.reason(), Reason::none);
  }
}

TEST(HoldWatch, KillByTheGuardianIsALossAndNeedsNoOrder) {
  HoldWatch watch(rules(), start);
  watch.killed_by_guardian();
  EXPECT_EQ(watch.next(start + 1s, start + 3s).order, Order::nothing);
  EXPECT_TRUE(watch.must_end_all());
  EXPECT_EQ(watch.reason(), Reason::lost);
}

TEST(HoldWatch, SignalOnLossLetsDescendantsLive) {
  HoldWatch watch(rules(OnLost::signal), start);
  EXPECT_EQ(watch.next(start + 1s, std::nullopt).order, Order::terminate);
  EXPECT_FALSE(watch.must_end_all());
}

TEST(HoldWatch, GuardianKillsBetweenOwnKillAndTheEnd) {
  HoldWatch watch(rules(), start);
  EXPECT_FALSE(watch.fallback_kill_at());
  EXPECT_EQ(watch.next(start, start + 3s).order, Order::nothing);
  EXPECT_EQ(watch.fallback_kill_at(), start + 2950ms);
}

// With the default grace, a hold gets no TERM if its refresh is answered at once, or late by an
// eighth of the remaining time. This holds for every ttl and refresh that the library accepts.
TEST(HoldWatch, DefaultsGiveNoOrderForRefreshedHolds) {
  const auto expect_quiet = [](Milliseconds ttl, Milliseconds refresh) {
    const Milliseconds grace = default_grace(ttl, refresh);
    ASSERT_LE(grace, max_grace(ttl, refresh)) << ttl.count() << " " << refresh.count();
    HoldWatch watch(
        {.on_lost = OnLost::kill, .grace = grace, .margin = kill_margin(ttl), .max_hold = {}},
        start);
    const Instant end = start + ttl - ttl / 100 - 2ms;
    EXPECT_EQ(watch.next(start + refresh + (ttl - refresh) / 8 - 1ms, end).order, Order::nothing)
        << ttl.count() << " " << refresh.count();
  };
  for (const Milliseconds ttl : {Milliseconds(510), Milliseconds(600), Milliseconds(3000),
                                 Milliseconds(30'000), Milliseconds(std::chrono::hours(24 * 7))}) {
    expect_quiet(ttl, 10ms);
    expect_quiet(ttl, std::max(Milliseconds(10), std::min(ttl / 3, ttl - 500ms)));
  }
  expect_quiet(100ms, 10ms);
}

}  // namespace
}  // namespace exclusive_lock::cli
