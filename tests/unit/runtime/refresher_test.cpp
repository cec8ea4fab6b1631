// What many locks of one connection ask for at once goes out in equal parts, and each gets its own
// answer.

#include "runtime/refresher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "manual_store.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class ToldVerdicts final : public Refresher::Requester {
 public:
  void refresh_answered(Ticket ticket, Instant, const Answer<RefreshReplyStatus>& answer) override {
    answers.emplace_back(ticket, answer);
  }
  std::vector<std::pair<Ticket, Answer<RefreshReplyStatus>>> answers;
};

// None: a failure.
std::optional<RefreshReplyStatus> verdict_of(const Answer<RefreshReplyStatus>& answer) {
  const auto* verdict = std::get_if<RefreshReplyStatus>(&answer);
  return verdict == nullptr ? std::nullopt : std::optional(*verdict);
}

class RefresherTest : public ::testing::Test {
 protected:
  // One for each ticket from 1 on.
  void ask(Ticket count) {
    for (Ticket ticket = 1; ticket <= count; ++ticket) {
      refresher_.add({.key = "k" + std::to_string(ticket),
                      .owner = {.id = {}, .ticket = ticket},
                      .ttl = Milliseconds(3000)},
                     clock_.now(), notified_);
    }
    refresher_.flush();
  }
  static RefreshReply refreshed(std::size_t count) {
    return {.verdicts = std::vector(count, RefreshReplyStatus::refreshed), .store_time = {}};
  }

  SystemClockSource clock_;
  ManualStore store_;
  std::shared_ptr<ToldVerdicts> notified_ = std::make_shared<ToldVerdicts>();
  Refresher refresher_{store_, clock_, Milliseconds(1000), [](Instant, StoreTime) {}};
};

TEST_F(RefresherTest, CrowdGoesInEqualPartsAndEachIsToldItsOwn) {
  const std::size_t most = RequestSize().keys();
  const std::size_t count = 2 * most + 1;
  ask(count);
  std::vector<std::string> keys;
  for (int part = 0; part < 3; ++part) {
    auto asked = store_.next_refresh();
    EXPECT_LE(asked.request.size(), most);
    EXPECT_NEAR(static_cast<double>(asked.request.size()), static_cast<double>(count) / 3, 1.0);
    RefreshReply reply = refreshed(asked.request.size());
    reply.verdicts.back() = RefreshReplyStatus::lost;
    const Ticket last = asked.request.back().owner.ticket;
    for (const RefreshRequest& request : asked.request) {
      keys.push_back(request.key);
    }
    asked.done(reply);
    EXPECT_EQ(notified_->answers.back().first, last);
    EXPECT_EQ(verdict_of(notified_->answers.back().second), RefreshReplyStatus::lost);
  }
  ASSERT_EQ(notified_->answers.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(notified_->answers[i].first, i + 1);
    EXPECT_EQ(keys[i], "k" + std::to_string(i + 1));
  }
  EXPECT_EQ(std::ranges::count_if(
                notified_->answers,
                [](const auto& one) { return verdict_of(one.second) == RefreshReplyStatus::lost; }),
            3);
}

// Silence about a hold is no word that it goes on.
TEST_F(RefresherTest, WhomAReplyDoesNotMentionIsToldThatItIsUnknown) {
  ask(3);
  store_.next_refresh().done(refreshed(2));
  ASSERT_EQ(notified_->answers.size(), 3U);
  EXPECT_EQ(verdict_of(notified_->answers[1].second), RefreshReplyStatus::refreshed);
  const auto* failure = std::get_if<StoreFailure>(&notified_->answers[2].second);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code, errc::protocol_error);
  EXPECT_TRUE(failure->may_have_run);
}

}  // namespace
}  // namespace exclusive_lock
