#include "core/record_codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <string>
#include <string_view>

#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view known_owner = "000102030405060708090a0b0c0d0eff-00000000000000ab";
constexpr std::string_view known_head =
    R"({"owner":"000102030405060708090a0b0c0d0eff-00000000000000ab","fence":17,"since_us":1700000000000001)";
constexpr std::string_view known_tail =
    R"(,"version":1,"ttl_ms":3000,"host":"h","pid":42,"label":"l","contents":1})";

Owner an_owner() {
  Owner owner;
  for (std::uint8_t i = 0; i < 15; ++i) {
    owner.id[i] = i;
  }
  owner.id[15] = 0xFF;
  owner.ticket = 0xAB;
  return owner;
}

RecordTail a_tail() {
  return {.ttl = Milliseconds(3000), .host = "h", .pid = 42, .label = "l", .contents_text = "1"};
}

std::string a_record(std::string_view contents_text) {
  RecordTail tail = a_tail();
  tail.contents_text = contents_text;
  return encode_record(an_owner(), Fence{17}, 1'700'000'000'000'001, encode_record_tail(tail));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(OwnerText, HasItsFixedForm) {
  EXPECT_EQ(owner_text(an_owner()), known_owner);
  EXPECT_EQ(owner_text(Owner{}), std::string(32, '0') + "-" + std::string(16, '0'));
  EXPECT_EQ(owner_text(an_owner()).size(), owner_text_size);
}

TEST(ParseOwner, NoneForAnyOtherForm) {
  const std::string good(known_owner);
  ASSERT_TRUE(parse_owner(good));
  EXPECT_FALSE(parse_owner(""));
  EXPECT_FALSE(parse_owner(good + "0"));
  EXPECT_FALSE(parse_owner(good.substr(1)));
  EXPECT_FALSE(parse_owner(replaced(good, "-", "0")));
  EXPECT_FALSE(parse_owner(replaced(good, "eff", "eFF")));
  EXPECT_FALSE(parse_owner(replaced(good, "ab", "aB")));
  EXPECT_FALSE(parse_owner(replaced(good, "00ab", "-0ab")));
  EXPECT_FALSE(parse_owner(replaced(good, "0001", "0x01")));
}

RC_GTEST_PROP(OwnerText, ParseGivesItBack,
              (const std::array<std::uint8_t, 16>& id, std::uint64_t ticket)) {
  const Owner owner{id, ticket};
  RC_ASSERT(parse_owner(owner_text(owner)) == owner);
}

TEST(EncodeRecord, WritesHeadAndTail) {
  EXPECT_EQ(encode_record_tail(a_tail()), known_tail);
  EXPECT_EQ(a_record("1"), std::string(known_head) + std::string(known_tail));
}

TEST(EncodeRecord, IsJson) {
  RecordTail tail = a_tail();
  tail.host = "h\"\\\n\xFF";
  tail.label = "\0\x1B"sv;
  const std::string record = encode_record(an_owner(), Fence{17}, 1, encode_record_tail(tail));
  const auto value = boost::json::parse(record).as_object();
  EXPECT_EQ(value.begin()->key(), "owner");
  EXPECT_EQ(value.at("host").as_string(), "h\"\\\n\xEF\xBF\xBD");
  EXPECT_EQ(value.at("label").as_string(), "\0\x1B"sv);
  EXPECT_EQ(value.at("fence").as_int64(), 17);
}

TEST(RecordOwner, IsReadFromTheFirstBytesAlone) {
  const std::string record = a_record("1");
  EXPECT_EQ(record_owner(record), an_owner());
  EXPECT_EQ(record_owner(record.substr(0, record_owner_end)), an_owner());
  EXPECT_FALSE(record_owner(record.substr(0, record_owner_end - 1)));
}

TEST(RecordOwner, NoneForAStranger) {
  const std::string record = a_record("1");
  EXPECT_FALSE(record_owner(""));
  EXPECT_FALSE(record_owner("1"));
  EXPECT_FALSE(record_owner(" " + record));
  EXPECT_FALSE(record_owner(replaced(record, "\"owner\":", "\"owner\": ")));
  EXPECT_FALSE(record_owner(replaced(record, "owner", "Owner")));
  EXPECT_FALSE(record_owner(replaced(record, "eff", "efg")));
}

TEST(RecordFence, IsReadFromTheHead) {
  const std::string record = a_record("1");
  EXPECT_EQ(record_fence(record), Fence{17});
  const auto comma = record.find(",\"since_us\"");
  EXPECT_EQ(record_fence(record.substr(0, comma + 1)), Fence{17});
  // Without the comma after them, the digits may be cut.
  EXPECT_FALSE(record_fence(record.substr(0, comma)));
  const auto highest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(record_fence(encode_record(an_owner(), Fence{highest}, 1, known_tail)), Fence{highest});
}

TEST(RecordFence, NoneWhereItIsBroken) {
  for (const std::string_view broken :
       {"0"sv, "-1"sv, "+1"sv, "017"sv, "17.0"sv, "1e3"sv, ""sv, " 17"sv, "17 "sv, "\"17\""sv,
        "18446744073709551616"sv, "null"sv}) {
    const std::string record = replaced(a_record("1"), ":17,", ":" + std::string(broken) + ",");
    EXPECT_FALSE(record_fence(record)) << broken;
    EXPECT_EQ(decode_record(record).kind, RecordKind::stranger) << broken;
  }
  EXPECT_FALSE(record_fence("{\"owner\":\"x\",\"fence\":17,"));
}

TEST(DecodeRecord, ReadsAllOfOurs) {
  const std::string value = a_record(R"({"pod":"a"})");
  const LockRecord record = decode_record(value);
  EXPECT_EQ(record.kind, RecordKind::ours);
  EXPECT_EQ(record.raw, value);
  EXPECT_EQ(record.owner, known_owner);
  EXPECT_EQ(record.fence, Fence{17});
  EXPECT_EQ(record.host, "h");
  EXPECT_EQ(record.pid, 42);
  EXPECT_EQ(record.label, "l");
  EXPECT_EQ(record.lock_ttl, Milliseconds(3000));
  ASSERT_TRUE(record.since);
  EXPECT_EQ(std::chrono::duration_cast<std::chrono::microseconds>(record.since->time_since_epoch())
                .count(),
            1'700'000'000'000'001);
  ASSERT_TRUE(record.contents);
  EXPECT_EQ(record.contents->text(), R"({"pod":"a"})");
}

TEST(DecodeRecord, ContentsKeepEveryByte) {
  const std::string deep = std::string(32, '[') + std::string(32, ']');
  for (const std::string_view contents :
       {"1e400"sv, "12345678901234567890123"sv, "-0.0"sv, "1.50"sv, R"({"a":1,"a":2})"sv,
        "[ 1,\n 2 ]"sv, "\"\\u00e4\\/\""sv, "\"}\""sv, R"({"contents":{"owner":"x"}})"sv,
        "\"\\\"contents\\\":2}\""sv, "null"sv, std::string_view(deep)}) {
    const LockRecord record = decode_record(a_record(contents));
    EXPECT_EQ(record.kind, RecordKind::ours) << contents;
    ASSERT_TRUE(record.contents) << contents;
    EXPECT_EQ(record.contents->text(), contents);
  }
}

TEST(DecodeRecord, ContentsOfAMebibyte) {
  const std::string contents = "\"" + std::string(1024 * 1024 - 2, 'x') + "\"";
  const LockRecord record = decode_record(a_record(contents));
  EXPECT_EQ(record.kind, RecordKind::ours);
  EXPECT_EQ(record.contents->text(), contents);
}

TEST(DecodeRecord, StrangersAreShownAsTheyAre) {
  struct Case {
    std::string value;
    std::optional<std::string> contents;
  };
  for (const auto& [value, contents] : {
           Case{"1", "1"},  // the record of the original package
           Case{"\"pod-7\"", "\"pod-7\""},
           Case{" {\"owner\":\"me\"} ", "{\"owner\":\"me\"}"},
           Case{"", std::nullopt},
           Case{"worker 7", std::nullopt},
           Case{std::string("\0\xFF", 2), std::nullopt},
           Case{std::string(33, '[') + std::string(33, ']'), std::nullopt},
       }) {
    const LockRecord record = decode_record(value);
    EXPECT_EQ(record.kind, RecordKind::stranger) << value;
    EXPECT_EQ(record.raw, value);
    EXPECT_EQ(record.contents ? std::optional(record.contents->text()) : std::nullopt, contents);
    EXPECT_EQ(record.owner, "");
    EXPECT_EQ(record.fence, Fence{});
    EXPECT_EQ(record.host, "");
    EXPECT_FALSE(record.since);
  }
}

TEST(DecodeRecord, NewerVersionsAreRecognizedAndReadAsFarAsPossible) {
  const std::string value =
      replaced(replaced(a_record("[2]"), "\"version\":1", "\"version\":2,\"queue\":[1]"),
               "\"host\":\"h\",", "");
  const LockRecord record = decode_record(value);
  EXPECT_EQ(record.kind, RecordKind::newer);
  EXPECT_EQ(record.raw, value);
  EXPECT_EQ(record.owner, known_owner);
  EXPECT_EQ(record.fence, Fence{17});
  EXPECT_EQ(record.host, "");
  EXPECT_EQ(record.label, "l");
  ASSERT_TRUE(record.contents);
  EXPECT_EQ(record.contents->text(), "[2]");
}

TEST(DecodeRecord, BrokenRecordsAreStrangers) {
  struct Case {
    std::string_view from;
    std::string_view to;
  };
  for (const auto& [from, to] : {
           Case{"\"version\":1", "\"version\":0"},
           Case{"\"version\":1", "\"version\":\"1\""},
           Case{"\"version\":1,", ""},
           Case{"\"version\":1", "\"version\":1,\"version\":1"},
           Case{"\"version\":1", "\"version\":1.0"},
           Case{"\"ttl_ms\":3000", "\"ttl_ms\":0"},
           Case{"\"ttl_ms\":3000", "\"ttl_ms\":9223372036854775807"},
           Case{"\"ttl_ms\":3000", "\"ttl_ms\":9223372036854775808"},
           Case{"\"host\":\"h\",", ""},
           Case{"\"host\":\"h\"", "\"host\":1"},
           Case{"\"pid\":42", "\"pid\":null"},
           Case{"\"label\":\"l\"", "\"label\":[]"},
           Case{"\"since_us\":1700000000000001", "\"since_us\":-1"},
           Case{"\"since_us\":1700000000000001", "\"since_us\":9223372036854775807"},
           Case{"\"since_us\":1700000000000001,", ""},
           Case{",\"contents\":1", ""},
           Case{"\"contents\":1", "\"owner\":\"x\",\"contents\":1"},
           Case{"\"contents\":1}", "\"contents\":1"},
           Case{"\"contents\":1}",
                "\"contents\":1} "
                "x"},
           Case{"\"contents\":1", "\"contents\":"},
       }) {
    const std::string value = replaced(a_record("1"), from, to);
    const LockRecord record = decode_record(value);
    EXPECT_EQ(record.kind, RecordKind::stranger) << value;
    EXPECT_EQ(record.raw, value);
    EXPECT_EQ(record.owner, "") << value;
  }
}

TEST(DecodeRecord, EveryPrefixOfARecordIsAStranger) {
  const std::string value = a_record(R"({"a":[1,2]})");
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(decode_record(value.substr(0, size)).kind, RecordKind::stranger) << size;
  }
}

TEST(DecodeRecord, ManyMembersAreNotRead) {
  std::string more;
  for (int i = 0; i < 100; ++i) {
    more += ",\"m" + std::to_string(i) + "\":1";
  }
  const std::string value = replaced(a_record("1"), ",\"version\":1", more + ",\"version\":2");
  EXPECT_EQ(decode_record(value).kind, RecordKind::stranger);
}

RC_GTEST_PROP(DecodeRecord, GivesBackWhatWasEncoded,
              (const std::string& host, const std::string& label, std::int64_t pid,
               std::uint32_t ttl_ms, std::uint64_t ticket)) {
  const auto since_us = *rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000'000);
  const Owner owner{.id = an_owner().id, .ticket = ticket};
  const Fence fence{*rc::gen::positive<std::uint64_t>()};
  const RecordTail tail{.ttl = Milliseconds(std::uint64_t{ttl_ms} + 1),
                        .host = host,
                        .pid = pid,
                        .label = label,
                        .contents_text = "[1.0,\"}\"]"};
  const LockRecord record =
      decode_record(encode_record(owner, fence, since_us, encode_record_tail(tail)));
  RC_ASSERT(record.kind == RecordKind::ours);
  RC_ASSERT(record.owner == owner_text(owner));
  RC_ASSERT(record.fence == fence);
  RC_ASSERT(record.host == as_utf8(host));
  RC_ASSERT(record.label == as_utf8(label));
  RC_ASSERT(record.pid == pid);
  RC_ASSERT(record.lock_ttl == tail.ttl);
  RC_ASSERT(record.since->time_since_epoch() == std::chrono::microseconds(since_us));
  RC_ASSERT(record.contents->text() == tail.contents_text);
}

RC_GTEST_PROP(DecodeRecord, NeverFails, ()) {
  std::string value = a_record(R"({"a":"b"})");
  const auto changes = *rc::gen::inRange(0, 4);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, value.size());
    value[at] = static_cast<char>(*rc::gen::inRange(0, 256));
  }
  const LockRecord record = decode_record(value);
  RC_ASSERT(record.raw == value);
  if (record.kind == RecordKind::ours) {
    RC_ASSERT(record_owner(value).has_value());
    RC_ASSERT(record_fence(value) == record.fence);
  }
}

// Too long for the small-string buffer, so that AddressSanitizer detects a read of freed memory.
TEST(Waiter, IsKnownByTheBeginningOfItsTail) {
  const RecordTail tail{.ttl = Milliseconds(3000),
                        .host = std::string(60, 'h'),
                        .pid = 4711,
                        .label = std::string(60, 'l'),
                        .contents_text = "1"};
  const LockWaiter waiter = decode_waiter({.owner = Owner{},
                                           .arrived_at = StoreTime(1'700'000'000'000'000),
                                           .tail_head = encode_record_tail(tail)});
  EXPECT_EQ(waiter.owner, owner_text(Owner{}));
  EXPECT_EQ(waiter.host, tail.host);
  EXPECT_EQ(waiter.pid, tail.pid);
  EXPECT_EQ(waiter.label, tail.label);
}

TEST(DecodeRecord, UserProgramAndCommandAreThereWhereTheyWereGiven) {
  RecordTail tail = a_tail();
  tail.user = "alice";
  tail.program = "make";
  tail.command = "make \"report\"\x1b";
  const std::string with = encode_record(an_owner(), Fence{17}, 1, encode_record_tail(tail));
  const LockRecord record = decode_record(with);
  EXPECT_EQ(record.kind, RecordKind::ours);
  EXPECT_EQ(record.user, "alice");
  EXPECT_EQ(record.program, "make");
  EXPECT_EQ(record.command, tail.command);
  EXPECT_EQ(record.contents->text(), tail.contents_text);
  const LockRecord without = decode_record(a_record("1"));
  EXPECT_EQ(without.kind, RecordKind::ours);
  EXPECT_EQ(without.user + without.program + without.command, "");
}

// The command may be long, so it comes after the others.
TEST(Waiter, IsKnownThoughItsCommandIsCut) {
  RecordTail tail = a_tail();
  tail.user = "alice";
  tail.program = "make";
  tail.command = std::string(1024, '\x1b');
  const std::string text = encode_record_tail(tail);
  const LockWaiter waiter = decode_waiter({.owner = Owner{},
                                           .arrived_at = std::nullopt,
                                           .tail_head = text.substr(0, waiter_tail_head_size)});
  EXPECT_EQ(waiter.host, tail.host);
  EXPECT_EQ(waiter.user, "alice");
  EXPECT_EQ(waiter.program, "make");
}

TEST(Waiter, IsUnknownByATailThatIsNoJson) {
  const LockWaiter waiter = decode_waiter({.owner = Owner{},
                                           .arrived_at = std::nullopt,
                                           .tail_head = R"(,"host":"h,"pid":1,"contents":1)"});
  EXPECT_EQ(waiter.owner, owner_text(Owner{}));
  EXPECT_EQ(waiter.host, "");
  EXPECT_EQ(waiter.pid, 0);
}

TEST(Waiter, IsUnknownByATailThatIsCutBeforeItsContents) {
  const std::string text = encode_record_tail({.ttl = Milliseconds(3000),
                                               .host = "host",
                                               .pid = 1,
                                               .label = "label",
                                               .contents_text = "1"});
  const LockWaiter waiter =
      decode_waiter({.owner = Owner{},
                     .arrived_at = std::nullopt,
                     .tail_head = text.substr(0, text.find(R"("contents")"))});
  EXPECT_EQ(waiter.host, "");
  EXPECT_EQ(waiter.label, "");
  EXPECT_FALSE(waiter.since);
}

}  // namespace
}  // namespace exclusive_lock
