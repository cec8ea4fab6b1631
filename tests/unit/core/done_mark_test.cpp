#include "core/done_mark.hpp"

#include <gtest/gtest.h>

#include "core/record_codec.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Owner owner{.id = {1, 2, 3}, .ticket = 7};

std::string record(const std::string& label = "nightly", const std::string& contents = "1") {
  return encode_record(owner, Fence{42}, 5'000'000,
                       encode_record_tail({.ttl = 3000ms,
                                           .host = "host-7",
                                           .pid = 4711,
                                           .label = label,
                                           .contents_text = contents}));
}

StoredMark mark(std::string value, StoreTime read_at = 9s) {
  return {.key = "k", .value = std::move(value), .read_at = read_at};
}

TEST(DoneMark, IsTheRecordWithoutItsContentsAndWhenItEnded) {
  EXPECT_EQ(encode_done_mark(record(), StoreTime(6'500'000)),
            R"({"ended_us":6500000,"owner":"01020300000000000000000000000000-0000000000000007",)"
            R"("fence":42,"since_us":5000000,"version":1,"ttl_ms":3000,"host":"host-7",)"
            R"("pid":4711,"label":"nightly"})");
}

TEST(DoneMark, IsReadAsItWasWritten) {
  const auto done = decode_done_mark(mark(encode_done_mark(record(), 6500ms)));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->owner, owner_text(owner));
  EXPECT_EQ(done->fence, Fence{42});
  EXPECT_EQ(done->host, "host-7");
  EXPECT_EQ(done->pid, 4711);
  EXPECT_EQ(done->label, "nightly");
  EXPECT_EQ(done->began.time_since_epoch(), 5s);
  EXPECT_EQ(done->ended.time_since_epoch(), 6500ms);
  EXPECT_EQ(done->age, 4s) << "by the store's clock when it was read";
}

TEST(DoneMark, AgeIsBelowZeroWhereTheClockWasSetBack) {
  EXPECT_EQ(decode_done_mark(mark(encode_done_mark(record(), 6s), 2s))->age, -3s);
}

TEST(DoneMark, TextOfALabelEndsNothing) {
  const std::string label = R"(","contents":1)";
  EXPECT_EQ(decode_done_mark(mark(encode_done_mark(record(label), 6s)))->label, label);
}

TEST(DoneMark, LongContentsAndTheLongestLabelFit) {
  const std::string label(256, '\x01');  // the longest in escapes
  const auto done =
      decode_done_mark(mark(encode_done_mark(record(label, std::string(100'000, '7')), 6s)));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->label, label);
}

TEST(DoneMark, WhatIsNoneIsNone) {
  for (
      const char* value :
      {"", "1", "{}", R"({"ended_us":1,})", R"({"ended_us":1,"owner":"me","since_us":1})",
       R"({"owner":"01020300000000000000000000000000-0000000000000007","since_us":1})",
       R"({"ended_us":1,"owner":"01020300000000000000000000000000-0000000000000007"})",
       R"({"ended_us":-1,"owner":"01020300000000000000000000000000-0000000000000007","since_us":1})"}) {
    EXPECT_FALSE(decode_done_mark(mark(value))) << value;
  }
  EXPECT_FALSE(decode_done_mark(mark(encode_done_mark("a stranger's", 6s))));
}

TEST(ClosedRecord, HasATicketThatNoAttemptHas) {
  const std::string closed = closed_record(record());
  EXPECT_EQ(record_owner(closed), (Owner{.id = owner.id, .ticket = closed_ticket}));
  EXPECT_EQ(decode_record(closed).kind, RecordKind::ours);
  EXPECT_TRUE(decode_record(closed).closed);
  EXPECT_FALSE(decode_record(record()).closed);
  EXPECT_EQ(closed.size(), record().size());
}

}  // namespace
}  // namespace exclusive_lock
