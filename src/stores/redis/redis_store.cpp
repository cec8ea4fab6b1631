#include "stores/redis/redis_store.hpp"

#include <sys/un.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "core/key_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"
#include "os/process.hpp"
#include "stores/redis/redis_client.hpp"
#include "stores/redis/redis_errors.hpp"
#include "stores/redis/redis_list.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/script_runner.hpp"
#include "stores/redis/verb_batch.hpp"

namespace exclusive_lock {
namespace {

using redis::Reply;
using redis::ScriptCall;
using redis::ScriptRunner;

// A look costs the server some 20 us: with this pause a thousand waiters take a tenth of its time.
constexpr Milliseconds max_retry_pause{200};

StoreFailure forked_failure() {
  return {.code = errc::connection_closed,
          .message = "the connection was made before a fork(); the child needs one of its own",
          .may_have_run = false};
}

StoreFailure keyless_failure(const std::string& key) {
  return {.code = errc::protocol_error,
          .message = "the key " + printable(key) + " has no place for a fence beside it",
          .may_have_run = false};
}

redis::ServerAddress server_address(const RedisStoreOptions& options) {
  return {.host = options.host,
          .port = options.port,
          .tls = options.tls,
          .ca_file = options.ca_file,
          .unix_socket = options.unix_socket};
}

redis::ClientOptions client_options(const RedisStoreOptions& options,
                                    std::shared_ptr<spdlog::logger> log,
                                    redis::ServerTime& server_time) {
  return {.address = server_address(options),
          .login = {.username = options.username,
                    .password = options.password,
                    .client_name = options.client_name,
                    .database = options.database,
                    .script = redis_scripts::acquire.text},
          .name = options.url,
          .connect_timeout = options.connect_timeout,
          .command_timeout = options.command_timeout,
          .log = std::move(log),
          .on_time = [&server_time](Instant requested_at, Instant replied_at, StoreTime time,
                                    bool is_new_server) {
            if (is_new_server) {
              server_time.forget();
            }
            server_time.observe(requested_at, replied_at, time);
          }};
}

// Everything that a forked child must leave alone.
struct Inside {
  Inside(const RedisStoreOptions& options, const ClockSource& clock_source,
         std::shared_ptr<spdlog::logger> log)
      : clock(clock_source),
        channel(redis::new_push_channel()),
        scripts(client, server_time, clock_source),
        client(client_options(options, std::move(log), server_time), channel, clock_source) {}

  const ClockSource& clock;
  const std::string channel;
  redis::ServerTime server_time;  // of the loop's thread
  ScriptRunner scripts;
  redis::RedisClient client;  // ends first: what it still has uses the others
};

class RedisStore final : public Store {
 public:
  RedisStore(const RedisStoreOptions& options, const ClockSource& clock,
             std::shared_ptr<spdlog::logger> log)
      : url_(options.url), inside_(std::make_unique<Inside>(options, clock, std::move(log))) {}

  ~RedisStore() override {
    if (is_forked()) {
      // Its threads do not exist here, and its sockets are the parent's.
      static_cast<void>(inside_.release());
    }
  }
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  void wait_until_up(Milliseconds limit, bool tries_again) {
    const Instant deadline = inside_->clock.now() + limit;
    if (const auto failure = inside_->client.wait_until_up(deadline, tries_again)) {
      throw StoreError(failure->code, url_ + ": " + failure->message, false);
    }
  }

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    auto keys = redis::lock_keys(request.key);
    if (is_forked() || !keys) {
      return done(is_forked() ? forked_failure() : keyless_failure(request.key));
    }
    if (request.wait_options) {
      inside_->client.use_pushes();
    }
    run<AttemptReply>(redis::acquire_call(request, std::move(*keys), channel()), deadline,
                      std::move(done), redis::ReadFenced{redis::read_acquire});
  }

  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    auto keys = redis::lock_keys(request.key);
    if (is_forked() || !keys) {
      return done(is_forked() ? forked_failure() : keyless_failure(request.key));
    }
    inside_->client.use_pushes();
    run<HeartbeatReply>(redis::heartbeat_call(request, std::move(*keys), channel()), deadline,
                        std::move(done), redis::ReadFenced{redis::read_heartbeat});
  }

  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    if (is_forked()) {
      return done(forked_failure());
    }
    std::vector<std::size_t> counts;
    const std::span<const RefreshRequest> wanted = requests;
    const std::size_t parts = redis::refresh_calls_for(wanted.size());
    for (std::size_t part = 0; part < parts; ++part) {
      counts.push_back(wanted.size() * (part + 1) / parts - wanted.size() * part / parts);
    }
    auto batch = make_batch<RefreshReply>(
        deadline, std::move(done), [counts](std::span<const Reply> replies, const ScriptCall&) {
          std::optional<RefreshReply> all(std::in_place);
          for (std::size_t i = 0; all && i < counts.size(); ++i) {
            if (!redis::read_refresh(replies[i], counts[i], *all)) {
              all.reset();
            }
          }
          return all;
        });
    std::size_t first = 0;
    for (const std::size_t count : counts) {
      batch->add(redis::refresh_call(wanted.subspan(first, count)));
      first += count;
    }
    inside_->scripts.run(std::move(batch));
  }

  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    auto keys = redis::lock_keys(request.key);
    if (!keys) {
      return done(keyless_failure(request.key));
    }
    ScriptCall call = redis::release_call(request, std::move(*keys));
    if (request.done_for && !is_forked()) {
      done = or_without_mark(std::move(request), deadline, std::move(done));
    }
    run<ReleaseReply>(std::move(call), deadline, std::move(done),
                      redis::ReadFirst{redis::read_release});
  }

  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    run<InspectReply>(redis::inspect_call(key, max_waiters_shown), deadline, std::move(done),
                      redis::ReadFirst{[key](const redis::ReplyTexts& texts) {
                        return redis::read_inspect(texts, key);
                      }});
  }

  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    if (is_forked()) {
      return done(forked_failure());
    }
    redis::list_records(inside_->client, inside_->scripts,
                        {.key_prefix = std::move(key_prefix), .most = most, .deadline = deadline},
                        [this, done = std::move(done)](Answer<ListReply> answer) {
                          done(named(std::move(answer)));
                        });
  }

  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    run<RemoveReply>(redis::remove_call(key, expected), deadline, std::move(done),
                     redis::ReadFirst{redis::read_remove});
  }

  void list_marks(std::string key_prefix, std::size_t most, Instant deadline,
                  Done<ListMarksReply> done) override {
    if (is_forked()) {
      return done(forked_failure());
    }
    redis::list_marks(inside_->client, inside_->scripts,
                      {.key_prefix = std::move(key_prefix), .most = most, .deadline = deadline},
                      [this, done = std::move(done)](Answer<ListMarksReply> answer) {
                        done(named(std::move(answer)));
                      });
  }

  void forget(std::string key, Instant deadline, Done<ForgetReply> done) override {
    const auto beside = done_key(key);
    if (!beside) {
      return done(keyless_failure(key));
    }
    run<ForgetReply>(redis::forget_call(*beside), deadline, std::move(done),
                     redis::ReadFirst{redis::read_forget});
  }

  void listen(WakeUpListener listener) override {
    if (!is_forked()) {
      inside_->client.listen(std::move(listener));
    }
  }
  bool pushes_grants() const override { return !is_forked() && inside_->client.gets_pushes(); }
  Milliseconds retry_pause() const override { return max_retry_pause; }
  bool allows_sparse_heartbeats() const override { return true; }
  const std::string& url() const override { return url_; }
  void wait(const std::function<void()>& begin, Awaited& end) override {
    if (is_forked()) {
      return Store::wait(begin, end);
    }
    inside_->client.loop().wait(begin, end);
  }
  void close() override {
    if (!is_forked()) {
      inside_->client.close();
    }
  }

 private:
  // Before anything that a thread of the parent may have held when it forked.
  bool is_forked() const { return !creator_.is_of_this_process(); }

  // Where the store hears of hand-overs; empty: nowhere. One that is named without a subscriber
  // would make the waiter count as dead.
  std::string channel() const { return pushes_grants() ? inside_->channel : std::string(); }

  // A server that grants no right to the key of the mark refuses the whole script: the lock is to
  // be released all the same.
  Done<ReleaseReply> or_without_mark(ReleaseRequest request, Instant deadline,
                                     Done<ReleaseReply> done) {
    return [this, request = std::move(request), deadline,
            done = std::move(done)](Answer<ReleaseReply> answer) mutable {
      const auto* failure = std::get_if<StoreFailure>(&answer);
      if (failure == nullptr || failure->code != errc::permission_denied) {
        return done(std::move(answer));
      }
      request.done_for = std::nullopt;
      release(std::move(request), deadline,
              [done = std::move(done), refused = std::make_shared<const StoreFailure>(*failure)](
                  Answer<ReleaseReply> without_mark) {
                if (auto* reply = std::get_if<ReleaseReply>(&without_mark)) {
                  reply->mark_failure = refused;
                }
                done(std::move(without_mark));
              });
    };
  }

  template <class T>
  Answer<T> named(Answer<T> answer) const {
    if (auto* failure = std::get_if<StoreFailure>(&answer)) {
      redis::name_store(*failure, url_);
    }
    return answer;
  }

  template <class T, class Read>
  std::unique_ptr<redis::VerbBatch<T, Read>> make_batch(Instant deadline, Done<T> done,
                                                        Read read) const {
    return std::make_unique<redis::VerbBatch<T, Read>>(url_, deadline, std::move(done),
                                                       std::move(read));
  }
  template <class T, class Read>
  void run(ScriptCall call, Instant deadline, Done<T> done, Read read) {
    if (is_forked()) {
      return done(forked_failure());
    }
    auto batch = make_batch<T>(deadline, std::move(done), std::move(read));
    batch->add(std::move(call));
    inside_->scripts.run(std::move(batch));
  }

  const std::string url_;
  const ProcessMark creator_;
  std::unique_ptr<Inside> inside_;
};

void require_usable(const RedisStoreOptions& options) {
  std::vector<Mistake> mistakes;
  if (const auto problem = redis::unusable_ca_file(server_address(options))) {
    mistakes.push_back({.field = "ca_file",
                        .problem = *problem,
                        .allowed = "a file with certificates in PEM form"});
  }
  constexpr std::size_t max_path_bytes = sizeof(sockaddr_un::sun_path) - 1;  // unix(7)
  if (options.unix_socket.native().size() > max_path_bytes) {
    mistakes.push_back({.field = "store URL: path",
                        .problem = "is longer than the path of a Unix socket can be",
                        .allowed = "up to " + std::to_string(max_path_bytes) + " bytes"});
  }
  if (!mistakes.empty()) {
    throw ValidationError(std::move(mistakes));
  }
}

// Threads and descriptors can run out.
std::shared_ptr<RedisStore> make_store(const RedisStoreOptions& options, const ClockSource& clock,
                                       std::shared_ptr<spdlog::logger> log) {
  try {
    return std::make_shared<RedisStore>(options, clock, std::move(log));
  } catch (const std::runtime_error& error) {
    throw StoreError(make_error_code(errc::store_unavailable),
                     options.url + ": cannot start the thread for it: " + printable(error.what()),
                     false);
  }
}

}  // namespace

std::shared_ptr<Store> open_redis_store(const RedisStoreOptions& options, const ClockSource& clock,
                                        std::shared_ptr<spdlog::logger> log) {
  require_usable(options);
  const auto store = make_store(options, clock, std::move(log));
  store->wait_until_up(options.connect_timeout, options.retry_connect);
  return store;
}

}  // namespace exclusive_lock
