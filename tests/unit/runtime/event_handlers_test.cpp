#include "runtime/event_handlers.hpp"

#include <gtest/gtest.h>

#include <future>

#include "runtime/notifier_thread.hpp"

namespace exclusive_lock {
namespace {

// A refresh makes no event ready where hears() says no, so a wrong no would lose events.
TEST(EventHandlers, HearsWhatHasAHandlerAndNothingElse) {
  NotifierThread notifier;
  const auto handlers = std::make_shared<EventHandlers>(notifier, nullptr);
  EXPECT_FALSE(handlers->hears<RefreshedEvent>());
  handlers->set<LostEvent>([](const LostEvent&) {});
  EXPECT_TRUE(handlers->hears<LostEvent>());
  EXPECT_FALSE(handlers->hears<RefreshedEvent>());

  std::promise<std::string> told;
  handlers->set<RefreshedEvent>([&](const RefreshedEvent& event) { told.set_value(event.key); });
  EXPECT_TRUE(handlers->hears<RefreshedEvent>());
  handlers->tell(RefreshedEvent{.key = "k", .lock_ttl = {}, .safe_until = {}});
  EXPECT_EQ(told.get_future().get(), "k");

  handlers->set<RefreshedEvent>(nullptr);
  EXPECT_FALSE(handlers->hears<RefreshedEvent>());
  EXPECT_TRUE(handlers->hears<LostEvent>());
  handlers->close();
}

}  // namespace
}  // namespace exclusive_lock
