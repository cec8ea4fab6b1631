// inspect() and LockDirectory: what anyone can see, and what those can do who know an owner.

#include <unistd.h>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void shows_the_holder_to_everyone(StoreUnderTest& store) {
  Options options = options_for(store);
  options.lock_contents = Contents::object({{"pod", "a\xE2\x82\xAC"}, {"shard", 17}});
  options.label = "worker \xE2\x84\x96 1";
  ExclusiveLock holder(options);
  const ExclusiveLock other(options_for(store));
  EXPECT_FALSE(other.inspect());
  ASSERT_TRUE(holder.acquire());
  const auto seen = other.inspect();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->kind, RecordKind::ours);
  EXPECT_EQ(seen->name, "job");
  EXPECT_EQ(seen->key, holder.key());
  EXPECT_EQ(seen->contents, options.lock_contents);
  EXPECT_EQ(seen->owner, holder.owner());
  EXPECT_EQ(seen->fence, holder.fence());
  EXPECT_EQ(seen->label, options.label);
  EXPECT_EQ(seen->pid, ::getpid());
  EXPECT_FALSE(seen->host.empty());
  EXPECT_EQ(seen->lock_ttl, options.lock_ttl);
  ASSERT_TRUE(seen->remaining_ttl);
  EXPECT_LE(*seen->remaining_ttl, options.lock_ttl);
  ASSERT_TRUE(seen->since);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *seen->since), 10min);
  EXPECT_EQ(holder.release(), ReleaseOutcome::released);
  EXPECT_FALSE(other.inspect());
}

void shows_strangers_as_they_are(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  for (const std::string& value : {std::string("1"), std::string(R"({"pod":"a"})"),
                                   std::string("{broken"), std::string("\xff\0\x1b[2J", 6)}) {
    store.plant(lock.key(), value, std::nullopt);
    EXPECT_FALSE(lock.acquire());
    const auto seen = lock.inspect();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->kind, RecordKind::stranger);
    EXPECT_EQ(seen->raw, value);
    EXPECT_FALSE(seen->remaining_ttl);
    EXPECT_EQ(seen->contents.has_value(), value == "1" || value == R"({"pod":"a"})");
    EXPECT_EQ(seen->owner, "");
    EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
    EXPECT_TRUE(lock.inspect());
  }
}

void names_and_contents_come_back(StoreUnderTest& store) {
  const auto connection = store.connection();
  const std::vector<std::string> names{"a b",
                                       "a-b",
                                       "a/b",
                                       std::string("a\0b", 3),
                                       "{a}b",
                                       "a\r\nb",
                                       "\xE4\xB8\xAD\xE6\x96\x87",
                                       "\xff",
                                       std::string(512, 'x')};
  const std::vector<Contents> contents{
      nullptr,
      true,
      -1,
      0.5,
      "",
      "text",
      Contents::parse("[]"),
      Contents::parse("{}"),
      Contents::parse("\"" + std::string(1024 * 1024 - 2, 'x') + "\"")};
  std::vector<std::unique_ptr<ExclusiveLock>> held;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Options options = options_for(store, connection, names[i]);
    options.lock_contents = contents[i];
    options.contents_cap = 1024 * 1024;
    held.push_back(std::make_unique<ExclusiveLock>(options));
    EXPECT_TRUE(held.back()->acquire());
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto seen = held[i]->inspect();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->name, names[i]);
    ASSERT_TRUE(seen->contents);
    EXPECT_TRUE(*seen->contents == contents[i]);
  }
}

void directory_lists_by_pattern(StoreUnderTest& store) {
  const auto connection = store.connection();
  std::vector<std::unique_ptr<ExclusiveLock>> held;
  for (const char* name : {"a 1", "a 2", "b*", "b", "c"}) {
    held.push_back(std::make_unique<ExclusiveLock>(options_for(store, connection, name)));
    ASSERT_TRUE(held.back()->acquire());
  }
  const LockDirectory directory(connection, store.prefix());
  const auto names = [&](std::string_view pattern) {
    std::vector<std::string> all;
    for (const LockRecord& record : directory.list(pattern)) {
      all.push_back(record.name);
    }
    return all;
  };
  EXPECT_EQ(names("*"), (std::vector<std::string>{"a 1", "a 2", "b", "b*", "c"}));
  EXPECT_EQ(names("a ?"), (std::vector<std::string>{"a 1", "a 2"}));
  EXPECT_EQ(names("b\\*"), (std::vector<std::string>{"b*"}));
  EXPECT_EQ(names("d*"), std::vector<std::string>{});
  const auto one = directory.inspect("a 1");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->owner, held[0]->owner());
  EXPECT_FALSE(directory.inspect("nobody"));
}

void directory_acts_for_a_known_owner(StoreUnderTest& store) {
  const auto connection = store.connection();
  ExclusiveLock lock(options_for(store, connection));
  ASSERT_TRUE(lock.acquire());
  LockDirectory directory(connection, store.prefix());
  const std::string stranger(32, 'a');
  const std::string wrong = stranger + "-0000000000000001";
  EXPECT_EQ(directory.refresh("job", wrong, 10min), RefreshOutcome::lost);
  EXPECT_EQ(directory.release("job", wrong), ReleaseOutcome::not_held);
  EXPECT_LE(*lock.inspect()->remaining_ttl, long_lock_ttl);
  EXPECT_EQ(directory.refresh("job", lock.owner(), 10min), RefreshOutcome::refreshed);
  EXPECT_GT(*lock.inspect()->remaining_ttl, long_lock_ttl);
  EXPECT_EQ(directory.release("job", lock.owner()), ReleaseOutcome::released);
  EXPECT_FALSE(lock.inspect());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
}

void force_releases_what_was_seen_only(StoreUnderTest& store) {
  const auto connection = store.connection();
  ExclusiveLock first(options_for(store, connection));
  ExclusiveLock second(options_for(store, connection));
  LockDirectory directory(connection, store.prefix());
  ASSERT_TRUE(first.acquire());
  const auto seen = first.inspect();
  ASSERT_TRUE(seen);
  first.release();
  ASSERT_TRUE(second.acquire());
  EXPECT_FALSE(directory.force_release(*seen)) << "somebody else's by now";
  EXPECT_EQ(second.refresh(), RefreshOutcome::refreshed);
  EXPECT_TRUE(directory.force_release(*second.inspect()));
  EXPECT_EQ(second.refresh(), RefreshOutcome::lost);
  store.plant(first.key(), "1", std::nullopt);
  EXPECT_TRUE(directory.force_release(*first.inspect()));
  EXPECT_FALSE(first.inspect());
}

}  // namespace

Checks showing_checks() {
  return {{"InspectShowsTheHolderToEveryone", shows_the_holder_to_everyone},
          {"InspectShowsStrangersAsTheyAre", shows_strangers_as_they_are},
          {"NamesAndContentsComeBack", names_and_contents_come_back},
          {"DirectoryListsByPattern", directory_lists_by_pattern},
          {"DirectoryActsForAKnownOwner", directory_acts_for_a_known_owner},
          {"ForceReleasesWhatWasSeenOnly", force_releases_what_was_seen_only}};
}

}  // namespace exclusive_lock::conformance
