// list() shows the locks below a prefix, all of them, and nothing else.

#include <algorithm>

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

std::vector<std::string> keys_of(const ListReply& reply) {
  std::vector<std::string> keys;
  for (const StoredRecord& record : reply.records) {
    keys.push_back(record.key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void shows_each_lock_once(StoreUnderTest& store) {
  Requester requester(store);
  std::vector<std::string> held;
  for (int i = 0; i < 300; ++i) {
    held.push_back(store.key("job " + std::to_string(i)));
    requester.attempt({.key = held.back(), .owner = new_owner(), .contents = std::to_string(i)});
  }
  std::sort(held.begin(), held.end());
  const ListReply reply = requester.list(store.prefix());
  EXPECT_FALSE(reply.truncated);
  EXPECT_EQ(keys_of(reply), held) << "and no side keys";
  for (const StoredRecord& record : reply.records) {
    const auto same = requester.inspect(record.key);
    ASSERT_TRUE(same);
    EXPECT_EQ(record.value, same->value);
    ASSERT_TRUE(record.remaining_ttl);
    EXPECT_LE(*record.remaining_ttl, long_ttl);
  }
}

void takes_its_prefix_by_the_letter(StoreUnderTest& store) {
  Requester requester(store);
  for (const char* tail : {"*a", "?a", "[a]", "^a", "\\a", "a", "b", "aa"}) {
    requester.attempt({.key = store.prefix() + tail, .owner = new_owner()});
  }
  const auto listed = [&](const std::string& tail) {
    return keys_of(requester.list(store.prefix() + tail));
  };
  const auto only = [&](const std::string& tail) {
    return std::vector<std::string>{store.prefix() + tail};
  };
  EXPECT_EQ(listed("*"), only("*a"));
  EXPECT_EQ(listed("?"), only("?a"));
  EXPECT_EQ(listed("["), only("[a]"));
  EXPECT_EQ(listed("[a]"), only("[a]"));
  EXPECT_EQ(listed("^"), only("^a"));
  EXPECT_EQ(listed("\\"), only("\\a"));
  EXPECT_EQ(listed("a").size(), 2U);
  EXPECT_EQ(listed("").size(), 8U);
  EXPECT_TRUE(listed("c").empty());
  EXPECT_TRUE(listed("A").empty());
}

void says_when_there_are_more(StoreUnderTest& store) {
  Requester requester(store);
  for (int i = 0; i < 50; ++i) {
    requester.attempt({.key = store.key(std::to_string(i)), .owner = new_owner()});
  }
  for (const std::size_t most : {1U, 10U, 49U}) {
    const ListReply reply = requester.list(store.prefix(), most);
    EXPECT_EQ(reply.records.size(), most);
    EXPECT_TRUE(reply.truncated);
  }
  const ListReply all = requester.list(store.prefix(), 50);
  EXPECT_EQ(all.records.size(), 50U);
  EXPECT_FALSE(all.truncated);
}

void of_nothing_is_empty(StoreUnderTest& store) {
  Requester requester(store);
  const ListReply reply = requester.list(store.prefix());
  EXPECT_TRUE(reply.records.empty());
  EXPECT_FALSE(reply.truncated);
  EXPECT_FALSE(requester.inspect(store.key("job")));
}

void shows_nothing_that_was_released(StoreUnderTest& store) {
  Requester requester(store);
  const Owner owner = new_owner();
  requester.attempt({.key = store.key("gone"), .owner = owner});
  requester.attempt({.key = store.key("here"), .owner = owner});
  requester.release(store.key("gone"), owner);
  EXPECT_EQ(keys_of(requester.list(store.prefix())), std::vector<std::string>{store.key("here")});
}

}  // namespace

Checks list_checks() {
  return {{"ListShowsEachLockOnce", shows_each_lock_once},
          {"ListTakesItsPrefixByTheLetter", takes_its_prefix_by_the_letter},
          {"ListSaysWhenThereAreMore", says_when_there_are_more},
          {"ListOfNothingIsEmpty", of_nothing_is_empty},
          {"ListShowsNothingThatWasReleased", shows_nothing_that_was_released}};
}

}  // namespace exclusive_lock::conformance
