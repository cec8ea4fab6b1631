#include "conformance/server_under_test.hpp"

#include <regex>
#include <stdexcept>
#include <thread>

#include "exclusive_lock/connection.hpp"
#include "stores/redis/redis_store.hpp"

namespace exclusive_lock::conformance {
namespace {

using live::RawClient;

// What every server can be made to do through a client of its protocol.
class ServerUnderTest : public StoreUnderTest {
 public:
  std::shared_ptr<Store> connect() override { return open_redis_store(options(), clock_, nullptr); }
  std::shared_ptr<Connection> connection() override {
    return exclusive_lock::connect(url(), patient());
  }
  [[nodiscard]] const ClockSource& clock() const override { return clock_; }
  void pass(Milliseconds time) override { std::this_thread::sleep_for(time); }

  void plant(const std::string& key, const std::string& value,
             std::optional<Milliseconds> ttl) override {
    std::vector<std::string> words{"SET", key, value};
    if (ttl) {
      words.insert(words.end(), {"PX", std::to_string(ttl->count())});
    }
    client().must(words);
  }

  void erase(const std::string& key) override { client().must({"DEL", key}); }

  std::vector<StoredRecord> everything() override {
    RawClient raw = client();
    std::vector<StoredRecord> all;
    for (const std::string& key : keys(raw)) {
      const live::Reply value = raw.command({"GET", key});
      const std::int64_t ttl_ms = raw.integer({"PTTL", key});
      if (!value.is_null() && ttl_ms != -2) {  // it has not expired meanwhile
        all.push_back(
            {.key = key,
             .value = value.text,
             .remaining_ttl = ttl_ms < 0 ? std::nullopt : std::optional(Milliseconds(ttl_ms))});
      }
    }
    return all;
  }

 protected:
  [[nodiscard]] virtual RedisStoreOptions options() const = 0;
  [[nodiscard]] virtual std::string url() const = 0;  // with credentials
  [[nodiscard]] virtual RawClient client() const = 0;

  [[nodiscard]] std::vector<std::string> keys(RawClient& raw) const {
    std::vector<std::string> all;
    std::string cursor = "0";
    do {
      const live::Reply page =
          raw.must({"SCAN", cursor, "MATCH", "*" + prefix() + "*", "COUNT", "1000"});
      cursor = page.items.at(0).text;
      for (const live::Reply& key : page.items.at(1).items) {
        all.push_back(key.text);
      }
    } while (cursor != "0");
    return all;
  }

 private:
  SystemClockSource clock_;
};

class OwnServer final : public ServerUnderTest {
 public:
  explicit OwnServer(live::ServerKind kind) : server_({.kind = kind}) {}
  void wipe() override { client().must({"FLUSHALL"}); }
  void lose_data() override { server_.restart(live::ServerData::lost); }

 private:
  [[nodiscard]] RedisStoreOptions options() const override {
    RedisStoreOptions options;
    options.host = "127.0.0.1";
    options.port = server_.port();
    options.url = server_.url();
    return options;
  }
  [[nodiscard]] std::string url() const override { return server_.url(); }
  [[nodiscard]] RawClient client() const override { return server_.client(); }

  live::Server server_;
};

RedisStoreOptions options_of(const std::string& url) {
  static const std::regex tcp(
      "redis://(?:([^:@/]*):([^@/]*)@)?([^:@/]+)(?::([0-9]+))?(?:/([0-9]+))?");
  static const std::regex socket("unix://(/.+)");
  RedisStoreOptions options;
  if (std::smatch parts; std::regex_match(url, parts, tcp)) {
    options.username = parts[1];
    options.password = parts[2];
    options.host = parts[3];
    options.port = static_cast<std::uint16_t>(parts[4].length() == 0 ? 6379 : std::stoi(parts[4]));
    options.database = parts[5].length() == 0 ? 0 : std::stoi(parts[5]);
    options.url = "redis://" + options.host + ":" + std::to_string(options.port);
  } else if (std::regex_match(url, parts, socket)) {
    options.unix_socket = parts[1].str();
    options.url = url;
  } else {
    throw std::runtime_error(
        "EXCLUSIVE_LOCK_TEST_URL is neither redis://[[user]:password@]host[:port][/db] nor "
        "unix:///path");
  }
  return options;
}

class RunningServer final : public ServerUnderTest {
 public:
  explicit RunningServer(const std::string& url) : url_(url), options_(options_of(url)) {}
  ~RunningServer() override {
    try {
      wipe();
    } catch (const std::exception&) {
      // Then it is not running any more, and what the test left has a ttl.
    }
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  void wipe() override {
    RawClient raw = client();
    for (const std::string& key : keys(raw)) {
      raw.must({"DEL", key});
    }
  }
  // Nobody restarts a server that is in use.
  void lose_data() override { wipe(); }

 private:
  [[nodiscard]] RedisStoreOptions options() const override { return options_; }
  [[nodiscard]] std::string url() const override { return url_; }
  [[nodiscard]] RawClient client() const override {
    RawClient raw = options_.unix_socket.empty() ? RawClient(options_.host, options_.port)
                                                 : RawClient(options_.unix_socket);
    if (!options_.password.empty()) {
      raw.must(options_.username.empty()
                   ? std::vector<std::string>{"AUTH", options_.password}
                   : std::vector<std::string>{"AUTH", options_.username, options_.password});
    }
    if (options_.database != 0) {
      raw.must({"SELECT", std::to_string(options_.database)});
    }
    return raw;
  }

  std::string url_;
  RedisStoreOptions options_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> own_server(live::ServerKind kind) {
  return std::make_unique<OwnServer>(kind);
}

std::unique_ptr<StoreUnderTest> running_server(const std::string& url) {
  return std::make_unique<RunningServer>(url);
}

}  // namespace exclusive_lock::conformance
