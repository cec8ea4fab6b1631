// What is written is what is read, by whomever and after whatever.

#include "faults/history.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <thread>

#include "faults/guarded_register.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

class HistoryTest : public testing::Test {
 protected:
  live::TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "lines";
};

TEST_F(HistoryTest, DiaryIsReadAsItWasWritten) {
  Hold hold{.worker = 7,
            .requested_at = Instant(1ns),
            .believed_from = Instant(2ns),
            .believed_until = Instant(3ns),
            .safe_until = Instant::max(),
            .fence = Fence{UINT64_C(9'007'199'254'740'991)},
            .end = HoldEnd::open};
  const Failure failure{.worker = 7, .told_at = Instant(4ns), .code = errc::store_busy};
  {
    Diary diary(path);
    diary.begin(hold);
    diary.note(failure);
    hold.believed_until = Instant(5ns);
    hold.end = HoldEnd::lost;
    diary.note(hold);
    Diary(path).begin(hold);  // its successor goes on below
  }
  History history;
  read_diary(path, 7, history);
  ASSERT_EQ(history.holds.size(), 2U);
  ASSERT_EQ(history.failures.size(), 1U);
  for (const Hold& read : history.holds) {
    EXPECT_EQ(read.worker, 7);
    EXPECT_EQ(line_of(read), line_of(hold));
  }
  EXPECT_EQ(history.failures[0].worker, 7);
  EXPECT_EQ(history.failures[0].told_at, failure.told_at);
  EXPECT_EQ(history.failures[0].code, errc::store_busy);
}

TEST_F(HistoryTest, ReaderFollowsTheWriter) {
  Diary diary(path);
  DiaryReader reader(path, 7);
  reader.update();
  EXPECT_EQ(reader.holds(), 0U);
  EXPECT_FALSE(reader.last_hold());
  Hold hold{.worker = 7, .fence = Fence{1}};
  diary.begin(hold);
  reader.update();
  EXPECT_EQ(reader.holds(), 1U);
  EXPECT_EQ(reader.last_hold()->end, HoldEnd::open);
  hold.end = HoldEnd::lost;
  diary.note(hold);
  diary.note(Failure{.worker = 7, .code = errc::store_busy});
  reader.update();
  EXPECT_EQ(reader.holds(), 1U);
  EXPECT_EQ(reader.last_hold()->end, HoldEnd::lost);
  EXPECT_EQ(reader.failures().size(), 1U);
}

TEST_F(HistoryTest, AnythingElseIsNoLine) {
  for (const char* text :
       {"", "hold", "write", "write order=1 at=2 decided=3 worker=4 fence=x accepted=1 highest=6",
        "write order=1 order=1 at=2 decided=3 worker=4 fence=5 accepted=1 highest=6",
        "hold requested=1 from=2 until=3 safe=4 fence=5 end=never", "nonsense at=1"}) {
    std::filesystem::remove(path);
    LineFile(path).put(0, text);
    History history;
    EXPECT_THROW(read_diary(path, 1, history), std::runtime_error) << text;
    EXPECT_THROW(read_writes(path, history), std::runtime_error) << text;
  }
}

TEST_F(HistoryTest, LineThatIsTooLongIsAnError) {
  EXPECT_THROW(LineFile(path).put(0, std::string(LineFile::line_size, 'x')), std::system_error);
}

TEST_F(HistoryTest, RegisterRefusesLowerFencesAndWritesDownWhatItDid) {
  GuardedRegister one(path);
  GuardedRegister other(path);
  EXPECT_TRUE(one.write(1, Fence{10}));
  EXPECT_TRUE(other.write(2, Fence{12}));
  EXPECT_FALSE(one.write(1, Fence{10}));
  EXPECT_FALSE(one.write(1, Fence{11}));
  EXPECT_TRUE(one.write(2, Fence{12})) << "as often as it likes";
  EXPECT_FALSE(one.write(1, Fence{0}));
  History history;
  read_writes(path, history);
  ASSERT_EQ(history.writes.size(), 6U);
  const bool accepted[] = {true, true, false, false, true, false};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(history.writes[i].order, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(history.writes[i].is_accepted, accepted[i]) << i;
    EXPECT_LE(history.writes[i].asked_at, history.writes[i].decided_at);
  }
}

TEST_F(HistoryTest, RegisterIsWrittenByOneAtATime) {
  constexpr int writers = 4;
  constexpr int rounds = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&, i] {
      GuardedRegister mine(path);
      for (int round = 1; round <= rounds; ++round) {
        mine.write(i, Fence{static_cast<std::uint64_t>(round)});
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  History history;
  read_writes(path, history);
  ASSERT_EQ(history.writes.size(), static_cast<std::size_t>(writers * rounds));
  Fence highest{};
  for (std::size_t i = 0; i < history.writes.size(); ++i) {
    const Write& write = history.writes[i];
    EXPECT_EQ(write.order, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(write.is_accepted, write.fence >= highest);
    highest = std::max(highest, write.fence);
    EXPECT_EQ(write.highest, highest);
  }
}

}  // namespace
}  // namespace exclusive_lock::faults
