#include "stores/local/turn.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

TEST(Turn, IsGivenToOneAtATimeHoweverItWasAskedFor) {
  Turn turn;
  {
    const Turn::Held without_limit(turn);
    EXPECT_TRUE(without_limit.is_given());
    EXPECT_FALSE(Turn::Held(turn, 0ns).is_given());
    EXPECT_FALSE(Turn::Held(turn, 0ns).is_given()) << "who was not given it gives nothing back";
  }
  const Turn::Held with_limit(turn, 0ns);
  EXPECT_TRUE(with_limit.is_given());
  EXPECT_FALSE(Turn::Held(turn, 0ns).is_given());
}

TEST(Turn, ThatIsGivenBackEndsTheWaitOfAnother) {
  Turn turn;
  std::optional<Turn::Held> held(std::in_place, turn);
  auto next = std::async(std::launch::async, [&] { return Turn::Held(turn, 1h).is_given(); });
  held.reset();
  EXPECT_TRUE(next.get());
}

}  // namespace
}  // namespace exclusive_lock
