// G10: every name is a lock of its own.

#include <algorithm>

#include "conformance/check.hpp"
#include "conformance/contended.hpp"
#include "core/key_codec.hpp"
#include "exclusive_lock/options.hpp"

namespace exclusive_lock::conformance {
namespace {

std::vector<std::string> names_of_every_kind() {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) {
    every_byte += static_cast<char>(byte);
  }
  std::string almost_as_long(511, 'x');
  almost_as_long += 'y';
  return {"job",
          "Job",
          "a b",
          "a-b",
          "a  b",
          "a/b",
          "a\\b",
          "a:b",
          "a%20b",
          "a\nb",
          "a\r\nb",
          "a\tb",
          std::string("a\0b", 3),
          std::string("a\0c", 3),
          std::string(1, '\0'),
          "{a}",
          "a{b}c",
          "}{",
          "{}",
          "*",
          "?",
          "[a]",
          "--force",
          "'; DROP TABLE records; --",
          " ",
          "  ",
          "\xE4\xB8\xAD\xE6\x96\x87",  // two Chinese names, which the original merges
          "\xE6\x97\xA5\xE6\x9C\xAC",
          "\xC3\xA9",   // one letter in its two
          "e\xCC\x81",  // Unicode forms
          "\xff\xfe",
          "a.b",
          "a_b",
          std::string(512, 'x'),
          almost_as_long,
          std::string(512, '\n'),
          every_byte};
}

void of_every_kind_are_locks_of_their_own(StoreUnderTest& store) {
  Requester requester(store);
  std::vector<Wish> held;
  for (const std::string& name : names_of_every_kind()) {
    SCOPED_TRACE(encode_name(name));
    held.push_back({.key = store.key(name), .owner = new_owner()});
    EXPECT_EQ(requester.attempt(held.back()).outcome, AttemptReplyStatus::granted);
  }
  std::vector<std::string> listed;
  for (const StoredRecord& record : requester.list(store.prefix()).records) {
    listed.push_back(name_of_key(store.prefix(), record.key).value_or("not a key of ours"));
  }
  std::vector<std::string> names = names_of_every_kind();
  std::sort(listed.begin(), listed.end());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(listed, names);
  for (const Wish& wish : held) {
    EXPECT_EQ(requester.attempt({.key = wish.key, .owner = new_owner()}).outcome,
              AttemptReplyStatus::busy);
    EXPECT_EQ(requester.refresh(wish.key, wish.owner), RefreshReplyStatus::refreshed);
    EXPECT_EQ(requester.release(wish.key, wish.owner), ReleaseReplyStatus::released);
  }
  EXPECT_TRUE(requester.list(store.prefix()).records.empty());
}

// Options::key replaces the key, so a store meets bytes that encode_name() never writes.
void keys_given_by_hand_work(StoreUnderTest& store) {
  Requester requester(store);
  const std::string prefix = store.prefix();
  const std::vector<std::string> keys{seed_key("a b", prefix),
                                      prefix + " with spaces\r\n and lines",
                                      prefix + std::string("\0\0", 2),
                                      prefix + ":{tag}:rest",
                                      prefix + "*",
                                      prefix + "\xff\xfe",
                                      prefix + std::string(2048 - prefix.size(), 'k')};
  for (const std::string& key : keys) {
    SCOPED_TRACE(encode_name(key));
    ASSERT_TRUE(fence_key(key)) << "Options would refuse this key";
    const Owner owner = new_owner();
    EXPECT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
    const auto record = requester.inspect(key);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->key, key);
    EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
    const Owner waiter = new_owner();
    EXPECT_EQ(requester.attempt({.key = key, .owner = waiter, .wait_options = long_wait}).outcome,
              AttemptReplyStatus::waiting);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
    EXPECT_EQ(requester.heartbeat(key, waiter).outcome, HeartbeatReplyStatus::granted);
  }
  EXPECT_EQ(requester.list(prefix).records.size(), keys.size());
}

void of_every_kind_have_queues_of_their_own(StoreUnderTest& store) {
  Requester requester(store);
  struct Pair {
    std::string key;
    Owner holder;
    Owner waiter;
  };
  std::vector<Pair> all;
  for (const std::string& name : names_of_every_kind()) {
    SCOPED_TRACE(encode_name(name));
    all.push_back({.key = store.key(name), .holder = new_owner(), .waiter = new_owner()});
    const auto& [key, holder, waiter] = all.back();
    EXPECT_EQ(requester.attempt({.key = key, .owner = holder}).outcome,
              AttemptReplyStatus::granted);
    const AttemptReply reply =
        requester.attempt({.key = key, .owner = waiter, .wait_options = long_wait});
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
    EXPECT_EQ(reply.position, 1U);
  }
  EXPECT_EQ(requester.list(store.prefix()).records.size(), all.size()) << "queues are no locks";
  for (const auto& [key, holder, waiter] : all) {
    SCOPED_TRACE(encode_name(key));
    EXPECT_EQ(requester.release(key, holder), ReleaseReplyStatus::released);
    EXPECT_EQ(requester.heartbeat(key, waiter).outcome, HeartbeatReplyStatus::granted);
    EXPECT_EQ(requester.release(key, waiter), ReleaseReplyStatus::released);
  }
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace

Checks name_checks() {
  return {{"NamesOfEveryKindAreLocksOfTheirOwn", of_every_kind_are_locks_of_their_own},
          {"NamesOfEveryKindHaveQueuesOfTheirOwn", of_every_kind_have_queues_of_their_own},
          {"KeysGivenByHandWork", keys_given_by_hand_work}};
}

}  // namespace exclusive_lock::conformance
