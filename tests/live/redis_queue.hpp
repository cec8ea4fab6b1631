#pragma once
// One server and the queue of one lock on it, for tests by raw verbs, past the runtime. What must
// hold is said in docs/decisions/0008-fair-hand-over.md.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/record_codec.hpp"
#include "live/job_key.hpp"
#include "live/queue_entries.hpp"
#include "live/redis_requester.hpp"

namespace exclusive_lock::live {

namespace queue {

inline const std::string fence_at = "{exclusive-lock:job}:fence";
inline const std::string queue_at = "{exclusive-lock:job}:queue";
inline const std::string waiters_at = "{exclusive-lock:job}:waiters";

inline std::vector<std::string> all_keys(RawClient& client) { return client.texts({"KEYS", "*"}); }

// Nobody has it: the fence is all that stays.
inline void expect_nothing_left(RawClient& client) {
  EXPECT_EQ(all_keys(client), std::vector<std::string>{fence_at});
}

inline void expect_ttl_everywhere(RawClient& client) {
  for (const std::string& each : all_keys(client)) {
    EXPECT_GT(client.integer({"PTTL", each}), 0) << each;
  }
}

// Those inside scripts are counted too.
inline std::int64_t commands_of(RawClient& client, const std::function<void()>& work) {
  client.must({"CONFIG", "RESETSTAT"});
  work();
  const std::string stats = client.text({"INFO", "commandstats"});
  std::int64_t count = 0;
  for (auto at = stats.find("cmdstat_"); at != std::string::npos;
       at = stats.find("cmdstat_", at + 1)) {
    const bool is_own = stats.compare(at, 14, "cmdstat_config") == 0;
    count += is_own ? 0 : std::stoll(stats.substr(stats.find("calls=", at) + 6));
  }
  return count;
}

}  // namespace queue

class Queue : public testing::TestWithParam<ServerKind> {
 protected:
  Server server{{.kind = GetParam()}};
  RedisRequester requester{server};
  RawClient client{server.client()};

  // Some that wait, in this order, behind a holder.
  std::vector<Owner> queue_up(std::size_t count, const Owner& holder) {
    EXPECT_EQ(requester.attempt(key, holder).outcome, AttemptReplyStatus::granted);
    std::vector<Owner> waiters;
    for (std::size_t i = 0; i < count; ++i) {
      waiters.push_back(new_owner());
      const AttemptReply reply = requester.patient_attempt(key, waiters.back());
      EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
      EXPECT_EQ(reply.position, i + 1);
      EXPECT_TRUE(reply.remaining_ttl);
      EXPECT_EQ(reply.arrived_at, reply.store_time);
    }
    return waiters;
  }

  // Of whom the record is.
  std::optional<Owner> holder() { return record_owner(client.must({"GET", key}).text); }

  // Waits with more than one entry has room for.
  AttemptRequest long_request(const Owner& owner) {
    AttemptRequest request = requester.patient_request(key, owner);
    request.record_tail = encode_record_tail({.ttl = long_ttl,
                                              .host = "h",
                                              .pid = 7,
                                              .label = "l",
                                              .contents_text = '"' + std::string(9000, 'c') + '"'});
    return request;
  }

  std::int64_t waiting() { return count_entries(client, queue::queue_at); }
  std::string entry(std::size_t number) { return entries_in(client, queue::queue_at).at(number); }
  void damage(std::size_t number, EntryField field, const std::string& text) {
    replace_entry(client, queue::queue_at, entry(number), with_text(entry(number), field, text));
  }

  // By the server's clock.
  void let_pass(std::chrono::microseconds time) {
    const auto now_us = [this] {
      const auto parts = client.texts({"TIME"});
      return std::stoll(parts[0]) * 1'000'000 + std::stoll(parts[1]);
    };
    const auto begun_at_us = now_us();
    ASSERT_TRUE(eventually([&] { return now_us() - begun_at_us > time.count(); }));
  }

  void wait_for_end_of_record() {
    ASSERT_TRUE(eventually([this] { return client.integer({"EXISTS", key}) == 0; }));
  }
};

}  // namespace exclusive_lock::live
