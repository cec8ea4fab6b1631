// Which lock objects of a connection wait for the same lock (docs/decisions/0025).

#include "runtime/push_router.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>

namespace exclusive_lock {
namespace {

struct Waiter final : PushRouter::Receiver {
  void wake_up_pushed(const WakeUp&) override {}
  void pushes_resumed() override {}
  void not_alone() override {
    ++notified;
    if (has_no_memory)
      throw std::bad_alloc();
  }
  int notified = 0;
  bool has_no_memory = false;
};

class PushRouterTest : public testing::Test {
 protected:
  using Registration = PushRouter::Registration;

  PushRouter router;
  std::shared_ptr<Waiter> first = std::make_shared<Waiter>();
  std::shared_ptr<Waiter> second = std::make_shared<Waiter>();
};

TEST_F(PushRouterTest, WaiterIsAloneUntilAnotherOneWaitsForTheSameLock) {
  EXPECT_TRUE(router.is_alone("job"));
  const Registration one(router, {1}, "job", first);
  const Registration of_another_lock(router, {2}, "task", second);
  EXPECT_TRUE(router.is_alone("job"));
  {
    const Registration two(router, {3}, "job", second);
    EXPECT_FALSE(router.is_alone("job"));
    EXPECT_TRUE(router.is_alone("task"));
  }
  EXPECT_TRUE(router.is_alone("job")) << "it has left";
}

TEST_F(PushRouterTest, OnlyTheOneThatWasAloneIsNotified) {
  const Registration one(router, {1}, "job", first);
  const Registration two(router, {2}, "job", second);
  EXPECT_EQ(first->notified, 1);
  const Registration three(router, {3}, "job", std::make_shared<Waiter>());
  EXPECT_EQ(first->notified, 1);
  EXPECT_EQ(second->notified, 0);
}

TEST_F(PushRouterTest, NewcomerIsRegisteredThoughTheOtherOneHasNoMemory) {
  first->has_no_memory = true;
  const Registration one(router, {1}, "job", first);
  const Registration two(router, {2}, "job", second);
  EXPECT_EQ(first->notified, 1);
  EXPECT_FALSE(router.is_alone("job"));
}

}  // namespace
}  // namespace exclusive_lock
