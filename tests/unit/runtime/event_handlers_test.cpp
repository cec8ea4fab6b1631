#include "runtime/event_handlers.hpp"

#include <gtest/gtest.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <deque>
#include <future>
#include <sstream>
#include <thread>

#include "runtime/notifier_thread.hpp"

namespace exclusive_lock {
namespace {

// A refresh makes no event ready where has_handler() says no, so a wrong no would lose events.
TEST(EventHandlers, HasAHandlerForWhatWasSetOnly) {
  NotifierThread notifier;
  const auto handlers = std::make_shared<EventHandlers>(notifier, nullptr);
  EXPECT_FALSE(handlers->has_handler<RefreshedEvent>());
  handlers->set<LostEvent>([](const LostEvent&) {});
  EXPECT_TRUE(handlers->has_handler<LostEvent>());
  EXPECT_FALSE(handlers->has_handler<RefreshedEvent>());

  std::promise<std::string> notified;
  handlers->set<RefreshedEvent>(
      [&](const RefreshedEvent& event) { notified.set_value(event.key); });
  EXPECT_TRUE(handlers->has_handler<RefreshedEvent>());
  handlers->notify(RefreshedEvent{.key = "k", .lock_ttl = {}, .safe_until = {}});
  EXPECT_EQ(notified.get_future().get(), "k");

  handlers->set<RefreshedEvent>(nullptr);
  EXPECT_FALSE(handlers->has_handler<RefreshedEvent>());
  EXPECT_TRUE(handlers->has_handler<LostEvent>());
  handlers->close();
}

// Runs tasks when the test says so: a handler that has not returned yet.
class StoppedNotifier final : public Notifier {
 public:
  void post(std::function<void()> task) override { tasks.push_back(std::move(task)); }
  void run_all() {
    while (!tasks.empty()) {
      tasks.front()();
      tasks.pop_front();
    }
  }
  std::deque<std::function<void()>> tasks;
};

AcquiredEvent acquired_event() { return {.key = "k", .fence = {}, .safe_until = {}}; }
RefreshedEvent refreshed_event(int ttl) {
  return {.key = "k", .lock_ttl = std::chrono::milliseconds(ttl), .safe_until = {}};
}

class WaitingEvents : public ::testing::Test {
 protected:
  WaitingEvents() {
    handlers_->set<AcquiredEvent>([this](const AcquiredEvent&) { notified_ += 'a'; });
    handlers_->set<RefreshedEvent>([this](const RefreshedEvent& event) {
      notified_ += std::to_string(event.lock_ttl.count());
    });
    handlers_->set<LostEvent>([this](const LostEvent&) { notified_ += 'l'; });
  }

  std::ostringstream text_;
  std::string notified_;
  StoppedNotifier notifier_;
  std::shared_ptr<EventHandlers> handlers_ = std::make_shared<EventHandlers>(
      notifier_, std::make_shared<spdlog::logger>(
                     "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
};

TEST_F(WaitingEvents, BeyondTheBoundAreDroppedCountedAndLoggedButLossesAreKept) {
  for (std::size_t i = 0; i < EventHandlers::max_waiting + 7; ++i)
    handlers_->notify(acquired_event());
  for (int i = 0; i < 3; ++i)
    handlers_->notify(LostEvent{.key = "k", .fence = {}, .reason = {}});
  EXPECT_EQ(notifier_.tasks.size(), EventHandlers::max_waiting + 3);
  EXPECT_NE(text_.str().find("wait for a handler that has not returned"), std::string::npos);
  notifier_.run_all();
  EXPECT_EQ(notified_, std::string(EventHandlers::max_waiting, 'a') + "lll");
  EXPECT_NE(text_.str().find("k lock: 7 events were dropped"), std::string::npos) << text_.str();
  handlers_->notify(acquired_event());
  notifier_.run_all();
  EXPECT_EQ(notified_.back(), 'a') << "there is room again";
}

TEST_F(WaitingEvents, RefreshedIsBroughtUpToDateAndKeepsItsPlace) {
  for (int i = 1; i < 6; ++i)
    handlers_->notify(refreshed_event(i));
  handlers_->notify(LostEvent{.key = "k", .fence = {}, .reason = {}});
  handlers_->notify(acquired_event());
  handlers_->notify(refreshed_event(6));
  handlers_->notify(refreshed_event(7));
  notifier_.run_all();
  EXPECT_EQ(notified_, "5la7");
  handlers_->notify(refreshed_event(8));
  notifier_.run_all();
  EXPECT_EQ(notified_, "5la78");
}

// It may own the lock, whose destructor asks for the mutex. A thread of its own: the test fails and
// does not hang.
TEST_F(WaitingEvents, HandlerThatIsReplacedGoesWithoutTheMutex) {
  struct NotifiesAtTheEnd {
    std::shared_ptr<EventHandlers> handlers;
    ~NotifiesAtTheEnd() { handlers->notify(LostEvent{.key = "k", .fence = {}, .reason = {}}); }
  };
  handlers_->set<AcquiredEvent>(
      [owned = std::make_shared<NotifiesAtTheEnd>(handlers_)](const AcquiredEvent&) {});
  std::promise<void> replaced;
  std::thread replacing([handlers = handlers_, &replaced] {
    handlers->set<AcquiredEvent>(nullptr);
    replaced.set_value();
  });
  const bool is_replaced =
      replaced.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  ASSERT_TRUE(is_replaced) << (replacing.detach(), "deadlock");
  replacing.join();
  notifier_.run_all();
  EXPECT_EQ(notified_, "l");
}

// The destructor of a lock calls close(); what a handler uses may go after it.
TEST_F(WaitingEvents, CloseReturnsAfterTheHandlerThatRuns) {
  std::promise<void> closed;
  auto is_closed = closed.get_future();
  std::thread closing;
  handlers_->set<AcquiredEvent>([&](const AcquiredEvent&) {
    closing = std::thread([&] {
      handlers_->close();
      closed.set_value();
    });
    // Far longer than a close() that does not wait needs.
    EXPECT_EQ(is_closed.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  });
  handlers_->notify(acquired_event());
  notifier_.run_all();
  closing.join();
}

}  // namespace
}  // namespace exclusive_lock
