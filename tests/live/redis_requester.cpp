#include "live/redis_requester.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "core/record_codec.hpp"

namespace exclusive_lock::live {

using namespace std::chrono_literals;

RedisStoreOptions options_for(const Server& server) {
  return {.host = "127.0.0.1",
          .port = server.port(),
          .tls = server.url().starts_with("rediss:"),
          .unix_socket = server.url().starts_with("unix:") ? server.socket_path() : "",
          .username = {},
          .password = {},
          .ca_file = {},
          .connect_timeout = 20s,
          .command_timeout = 1s,
          .url = server.url()};
}

Owner new_owner() {
  static std::mt19937_64 random{std::random_device{}()};
  Owner owner{.id = {}, .ticket = 1};
  std::ranges::generate(owner.id, [] { return static_cast<std::uint8_t>(random()); });
  return owner;
}

Owner with_ticket(Owner owner, Ticket ticket) {
  owner.ticket = ticket;
  return owner;
}

bool eventually(const std::function<bool()>& condition) {
  const auto give_up_at = std::chrono::steady_clock::now() + test_limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up_at) {
      return false;
    }
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

AttemptRequest RedisRequester::request(const std::string& key, const Owner& owner) const {
  const RecordTail tail{.ttl = long_ttl, .host = "h", .pid = 1, .label = "", .contents_text = "1"};
  return {.key = key,
          .owner = owner,
          .ttl = long_ttl,
          .record_tail = encode_record_tail(tail),
          .floor = {},
          .not_after = now() + 1h};
}

Answer<AttemptReply> RedisRequester::attempt_answer(AttemptRequest request, Milliseconds max_wait) {
  return answer_of<AttemptReply>(
      [&](auto done) { store_->attempt(std::move(request), now() + max_wait, std::move(done)); });
}

AttemptReply RedisRequester::attempt(const std::string& key, const Owner& owner) {
  return reply_in(attempt_answer(request(key, owner)));
}

AttemptRequest RedisRequester::patient_request(const std::string& key, const Owner& owner) const {
  AttemptRequest patient = request(key, owner);
  patient.wait_options = WaitOptions{.alive_for = long_ttl, .confirm_ttl = long_ttl / 2};
  return patient;
}

AttemptReply RedisRequester::patient_attempt(const std::string& key, const Owner& owner) {
  return reply_in(attempt_answer(patient_request(key, owner)));
}

Answer<HeartbeatReply> RedisRequester::heartbeat_answer(const std::string& key, const Owner& owner,
                                                        Milliseconds alive_for) {
  return answer_of<HeartbeatReply>([&](auto done) {
    store_->heartbeat({.key = key, .owner = owner, .ttl = long_ttl, .alive_for = alive_for},
                      now() + test_limit, std::move(done));
  });
}

HeartbeatReply RedisRequester::heartbeat(const std::string& key, const Owner& owner,
                                         Milliseconds alive_for) {
  return reply_in(heartbeat_answer(key, owner, alive_for));
}

Answer<RefreshReply> RedisRequester::refresh_answer(std::vector<RefreshRequest> requests,
                                                    Milliseconds max_wait) {
  return answer_of<RefreshReply>(
      [&](auto done) { store_->refresh(std::move(requests), now() + max_wait, std::move(done)); });
}

RefreshReplyStatus RedisRequester::refresh(const std::string& key, const Owner& owner,
                                           Milliseconds ttl) {
  return reply_in(refresh_answer({{.key = key, .owner = owner, .ttl = ttl}})).verdicts.at(0);
}

Answer<ReleaseReply> RedisRequester::release_answer(const std::string& key, const Owner& owner,
                                                    std::size_t barging_limit) {
  return answer_of<ReleaseReply>([&](auto done) {
    store_->release({.key = key, .owner = owner, .barging_limit = barging_limit},
                    now() + test_limit, std::move(done));
  });
}

ReleaseReplyStatus RedisRequester::release(const std::string& key, const Owner& owner,
                                           std::size_t barging_limit) {
  return reply_in(release_answer(key, owner, barging_limit)).verdict;
}

Answer<InspectReply> RedisRequester::inspect_answer(const std::string& key, Milliseconds max_wait) {
  return answer_of<InspectReply>(
      [&](auto done) { store_->inspect(key, now() + max_wait, std::move(done)); });
}

std::optional<StoredRecord> RedisRequester::inspect(const std::string& key) {
  return reply_in(inspect_answer(key)).record;
}

Answer<ListReply> RedisRequester::list_answer(const std::string& prefix, std::size_t most) {
  return answer_of<ListReply>(
      [&](auto done) { store_->list(prefix, most, now() + test_limit, std::move(done)); });
}

ListReply RedisRequester::list(const std::string& prefix, std::size_t most) {
  return reply_in(list_answer(prefix, most));
}

bool RedisRequester::remove(const std::string& key, const std::string& expected) {
  return reply_in(answer_of<RemoveReply>([&](auto done) {
           store_->remove(key, expected, now() + test_limit, std::move(done));
         }))
      .removed;
}

bool RedisRequester::works_again() {
  return eventually([this] {
    return std::holds_alternative<InspectReply>(inspect_answer("exclusive-lock:probe", 500ms));
  });
}

StoreFailure failure_to_open(const RedisStoreOptions& options) {
  const SystemClockSource clock;
  try {
    open_redis_store(options, clock, nullptr)->close();
    return {};
  } catch (const StoreError& error) {
    return {.code = error.code(), .message = error.what(), .may_have_run = error.may_have_run()};
  }
}

::testing::AssertionResult is_failure(const StoreFailure& failure, errc code,
                                      const std::vector<std::string>& words) {
  if (failure.code != code) {
    return ::testing::AssertionFailure()
           << "the code is " << failure.code << " and the message: " << failure.message;
  }
  for (const std::string& word : words) {
    if (failure.message.find(word) == std::string::npos) {
      return ::testing::AssertionFailure()
             << '"' << word << "\" is missing in: " << failure.message;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace exclusive_lock::live
