#include "stores/redis/operation_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"
#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant began{100s};

StoreFailure no_link() { return {.code = errc::store_unavailable, .message = "no link"}; }

// A queue, and what its operations were answered: "name=reply,reply" or "name!code".
class Operations : public testing::Test {
 protected:
  void add(const std::string& name, std::size_t commands = 1, Instant deadline = began + 1s) {
    queue.add(make_operation(
        [name, commands](const CommandSink& sink) {
          for (std::size_t i = 0; i < commands; ++i) {
            sink({name, std::to_string(i)});
          }
        },
        deadline, [this, name](const Outcome& outcome) { note(name, outcome); }));
  }

  void note(const std::string& name, const Outcome& outcome) {
    if (const auto* failure = std::get_if<StoreFailure>(&outcome)) {
      answers.push_back(name + (failure->may_have_run ? "?" : "!"));
      return;
    }
    std::string line = name + "=";
    for (const Reply& reply : std::get<Exchange>(outcome).replies) {
      line += reply.text;
    }
    answers.push_back(line);
  }

  std::vector<std::string> send(Instant at = began) {
    std::vector<std::string> sent;
    queue.take_waiting(
        at, [&sent](const Command& command) { sent.emplace_back(command[0]).append(command[1]); });
    return sent;
  }

  OperationQueue queue;
  std::vector<std::string> answers;
};

TEST_F(Operations, LeaveTogetherInOrderAndOnce) {
  add("a");
  add("b", 2);
  EXPECT_THAT(send(), ElementsAre("a0", "b0", "b1"));
  EXPECT_THAT(send(), IsEmpty());
}

TEST_F(Operations, GetTheirOwnReplies) {
  add("a");
  add("b", 2);
  add("c");
  send();
  for (const char* reply : {"1", "2", "3", "4"}) {
    EXPECT_TRUE(queue.on_reply(text(reply), began));
  }
  EXPECT_THAT(answers, ElementsAre("a=1", "b=23", "c=4"));
}

// RESP3 confirms it by a push.
TEST_F(Operations, SubscribeHasNoReply) {
  queue.add(make_operation(
      [](const CommandSink& sink) {
        sink({"SUBSCRIBE", "c"});
        sink({"TIME", ""});
      },
      began + 1s, [this](const Outcome& outcome) { note("a", outcome); }));
  add("b");
  EXPECT_THAT(send(), ElementsAre("SUBSCRIBEc", "TIME", "b0"));
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_TRUE(queue.on_reply(text("2"), began));
  EXPECT_THAT(answers, ElementsAre("a=1", "b=2"));
}

TEST_F(Operations, ReplyThatNobodyAskedForIsTold) {
  EXPECT_FALSE(queue.on_reply(text("1"), began));
  add("a");
  EXPECT_FALSE(queue.on_reply(text("1"), began));  // not sent yet
  send();
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_FALSE(queue.on_reply(text("2"), began));
}

TEST_F(Operations, WaitingAreWithdrawnAtTheirDeadline) {
  add("a", 1, began + 1s);
  add("b", 1, began + 2s);
  queue.expire(began + 1s, no_link());
  EXPECT_THAT(answers, ElementsAre("a!"));
  EXPECT_THAT(send(), ElementsAre("b0"));
}

// However long there is no link.
TEST_F(Operations, WithdrawnOnesAreKeptNoLonger) {
  add("early", 1, began + 1s);
  add("late", 1, began + 1h);
  for (int i = 2; i < 100; ++i) {
    add("early", 1, began + std::chrono::seconds(i));
    queue.expire(began + std::chrono::seconds(i), no_link());
  }
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_THAT(send(), ElementsAre("late0"));
  add("only", 1, began + 1s);
  queue.expire(began + 1s, no_link());
  EXPECT_FALSE(queue.has_waiting());
}

TEST_F(Operations, SentAreAbandonedAtTheirDeadlineAndTheirRepliesDropped) {
  add("a", 2, began + 1s);
  add("b", 1, began + 9s);
  send();
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  queue.expire(began + 1s, no_link());
  EXPECT_THAT(answers, ElementsAre("a?"));
  EXPECT_TRUE(queue.on_reply(text("2"), began + 2s));
  EXPECT_TRUE(queue.on_reply(text("3"), began + 2s));
  EXPECT_THAT(answers, ElementsAre("a?", "b=3"));
}

TEST_F(Operations, LostLinkMakesSentOnesUnknownAndLeavesTheOthers) {
  add("a");
  send();
  add("b");
  queue.fail_sent({.code = errc::outcome_unknown, .message = "", .may_have_run = true});
  EXPECT_THAT(answers, ElementsAre("a?"));
  EXPECT_THAT(send(), ElementsAre("b0"));
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_THAT(answers, ElementsAre("a?", "b=1"));
}

TEST_F(Operations, FailedWaitingAreNotSent) {
  add("a");
  queue.fail_waiting(no_link());
  EXPECT_THAT(answers, ElementsAre("a!"));
  EXPECT_THAT(send(), IsEmpty());
  queue.expire(began + 9s, no_link());
  EXPECT_EQ(queue.earliest_deadline(), Instant::max());
}

TEST_F(Operations, AreAnsweredOnce) {
  add("a");
  send();
  queue.expire(began + 5s, no_link());
  queue.expire(began + 5s, no_link());
  queue.fail_sent(no_link());
  queue.fail_waiting(no_link());
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(Operations, CommandsAreAskedForWhenTheyAreSent) {
  int asked = 0;
  queue.add(make_operation(
      [&asked](const CommandSink& sink) {
        ++asked;
        sink({"x"});
      },
      began + 1s, [](const Outcome&) {}));
  EXPECT_EQ(asked, 0);
  queue.take_waiting(began, [](const Command&) {});
  EXPECT_EQ(asked, 1);
}

TEST_F(Operations, TellTheNextDeadlineAndTheOldestQuestion) {
  EXPECT_EQ(queue.earliest_deadline(), Instant::max());
  EXPECT_FALSE(queue.unanswered_since());
  add("a", 1, began + 2s);
  add("b", 1, began + 1s);
  EXPECT_EQ(queue.earliest_deadline(), began + 1s);
  send(began + 10ms);
  add("c", 1, began + 3s);
  send(began + 20ms);
  EXPECT_EQ(queue.unanswered_since(), began + 10ms);
  queue.expire(began + 2s, no_link());
  EXPECT_EQ(queue.earliest_deadline(), began + 3s);
  EXPECT_EQ(queue.unanswered_since(), began + 10ms);  // abandoned, but the server owes the reply
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_TRUE(queue.on_reply(text("2"), began));
  EXPECT_EQ(queue.unanswered_since(), began + 20ms);
}

// What ends in time leaves it too early, until the next look.
TEST_F(Operations, EarliestDeadlineIsNeverTooLate) {
  add("a", 1, began + 1s);
  add("b", 1, began + 5s);
  send();
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_LE(queue.earliest_deadline(), began + 5s);
  queue.expire(began + 1s, no_link());
  EXPECT_EQ(queue.earliest_deadline(), began + 5s);
  EXPECT_TRUE(queue.on_reply(text("2"), began));
  EXPECT_EQ(queue.earliest_deadline(), Instant::max());
}

// A call of a script that the server did not have is sent once more as it is.
TEST_F(Operations, MayBeAddedAgainWhenTheyEnd) {
  class Persistent final : public Operation {
   public:
    Persistent(OperationQueue& queue, std::vector<std::string>& answers)
        : Operation(began + 1s), queue_(queue), answers_(answers) {}
    void give_commands(const CommandSink& sink) override { sink({"p", "0"}); }
    void done(std::unique_ptr<Operation> self, Outcome outcome) override {
      answers_.push_back(std::get<Exchange>(outcome).replies.front().text);
      if (answers_.size() == 1) {
        queue_.add(std::move(self));
      }
    }

   private:
    OperationQueue& queue_;
    std::vector<std::string>& answers_;
  };
  queue.add(std::make_unique<Persistent>(queue, answers));
  EXPECT_THAT(send(), ElementsAre("p0"));
  EXPECT_TRUE(queue.on_reply(text("1"), began));
  EXPECT_EQ(queue.earliest_deadline(), began + 1s);
  EXPECT_THAT(send(), ElementsAre("p0"));
  EXPECT_TRUE(queue.on_reply(text("2"), began));
  EXPECT_THAT(answers, ElementsAre("1", "2"));
}

TEST_F(Operations, ExchangeTellsBothInstants) {
  Exchange seen;
  queue.add(
      make_operation([](const CommandSink& sink) { sink({"x"}); }, began + 1s,
                     [&seen](const Outcome& outcome) { seen = std::get<Exchange>(outcome); }));
  queue.take_waiting(began + 1ms, [](const Command&) {});
  EXPECT_TRUE(queue.on_reply(text("1"), began + 7ms));
  EXPECT_EQ(seen.requested_at, began + 1ms);
  EXPECT_EQ(seen.replied_at, began + 7ms);
}

TEST_F(Operations, MayBeAddedWhileOthersEnd) {
  queue.add(make_operation(
      [](const CommandSink& sink) {
        sink({"x", "0"});
      },
      began + 1s, [this](const Outcome&) { add("again", 1, began + 9s); }));
  queue.expire(began + 1s, no_link());
  EXPECT_THAT(send(), ElementsAre("again0"));
}

}  // namespace
}  // namespace exclusive_lock::redis
