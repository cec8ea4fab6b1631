// The record is what record_codec.hpp says, byte for byte, whatever its contents are.

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

constexpr std::size_t max_contents = 1024 * 1024;

std::vector<std::string> contents_of_every_kind() {
  std::string nested = "1";
  for (int level = 0; level < 30; ++level) {
    nested = level % 2 == 0 ? "[" + nested + "]" : R"({"a":)" + nested + "}";
  }
  return {"1",
          "0",
          "-1.5e300",
          "true",
          "false",
          "null",
          R"("")",
          "{}",
          "[]",
          R"("pod-7")",
          R"("quotes \" and \\ and \u0000 and \n")",
          R"({"owner":"00000000000000000000000000000000-0000000000000001","fence":1})",
          "\"\xE2\x82\xAC \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x94\x92\"",
          R"({"a":[1,{"b":null}],"c":"d"})",
          nested,
          "\"" + std::string(max_contents - 2, 'x') + "\""};
}

void come_back_as_they_were(StoreUnderTest& store) {
  Requester requester(store);
  const Owner owner = new_owner();
  for (const std::string& contents : contents_of_every_kind()) {
    SCOPED_TRACE(contents.substr(0, 60));
    const std::string key = store.key("job");
    ASSERT_EQ(requester.attempt({.key = key, .owner = owner, .contents = contents}).outcome,
              AttemptReplyStatus::granted);
    const auto record = requester.inspect(key);
    ASSERT_TRUE(record);
    const LockRecord decoded = decode_record(record->value);
    EXPECT_EQ(decoded.kind, RecordKind::ours);
    ASSERT_TRUE(decoded.contents);
    EXPECT_TRUE(decoded.contents->text() == contents);
    EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  }
}

void record_is_what_the_codec_writes(StoreUnderTest& store) {
  Requester requester(store);
  for (const std::string& contents : contents_of_every_kind()) {
    const Wish wish{.key = store.key("job"),
                    .owner = with_ticket(new_owner(), 0xfedcba9876543210),
                    .contents = contents};
    const AttemptReply reply = requester.attempt(wish);
    ASSERT_EQ(reply.outcome, AttemptReplyStatus::granted);
    const auto record = requester.inspect(wish.key);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->key, wish.key);
    const auto since = decode_record(record->value).since;
    ASSERT_TRUE(since);
    const auto since_us =
        std::chrono::duration_cast<std::chrono::microseconds>(since->time_since_epoch()).count();
    const std::string expected = encode_record(wish.owner, reply.fence, since_us, tail_of(wish));
    EXPECT_TRUE(record->value == expected) << record->value.substr(0, 200) << "\n"
                                           << expected.substr(0, 200);
    EXPECT_EQ(requester.release(wish.key, wish.owner), ReleaseReplyStatus::released);
  }
}

void since_is_the_stores_time(StoreUnderTest& store) {
  Requester requester(store);
  const Wish wish{.key = store.key("job"), .owner = new_owner()};
  const AttemptReply reply = requester.attempt(wish);
  ASSERT_EQ(reply.outcome, AttemptReplyStatus::granted);
  const auto record = requester.inspect(wish.key);
  ASSERT_TRUE(record);
  const auto since = decode_record(record->value).since;
  ASSERT_TRUE(since);
  if (reply.store_time) {
    EXPECT_EQ(since->time_since_epoch(), *reply.store_time) << "the time is read once";
  } else {
    const auto apart = std::chrono::system_clock::now() - *since;
    EXPECT_LT(std::chrono::abs(apart), std::chrono::minutes(10));
  }
}

void remove_takes_the_very_record_only(StoreUnderTest& store) {
  Requester requester(store);
  for (const std::string& contents : contents_of_every_kind()) {
    const Wish wish{.key = store.key("job"), .owner = new_owner(), .contents = contents};
    ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
    const auto seen = requester.inspect(wish.key);
    ASSERT_TRUE(seen);
    EXPECT_FALSE(requester.remove(wish.key, seen->value.substr(0, seen->value.size() - 1)));
    EXPECT_FALSE(requester.remove(wish.key, seen->value + "\n"));
    EXPECT_FALSE(requester.remove(wish.key, ""));
    EXPECT_EQ(requester.refresh(wish.key, wish.owner), RefreshReplyStatus::refreshed);
    EXPECT_TRUE(requester.remove(wish.key, seen->value));
    EXPECT_FALSE(requester.remove(wish.key, seen->value));
    EXPECT_EQ(requester.refresh(wish.key, wish.owner), RefreshReplyStatus::lost);
  }
}

}  // namespace

Checks contents_checks() {
  return {{"ContentsComeBackAsTheyWere", come_back_as_they_were},
          {"RecordIsWhatTheCodecWrites", record_is_what_the_codec_writes},
          {"SinceIsTheStoresTime", since_is_the_stores_time},
          {"RemoveTakesTheVeryRecordOnly", remove_takes_the_very_record_only}};
}

}  // namespace exclusive_lock::conformance
