// connect(): opens the store of a URL. The only file that knows all stores.

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "connect/connection_plan.hpp"
#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/error.hpp"
#include "os/clock.hpp"
#include "runtime/background_log.hpp"
#include "runtime/engine.hpp"
#include "stores/local/local_store.hpp"
#include "stores/memory/memory_store.hpp"
#include "stores/redis/redis_store.hpp"

namespace exclusive_lock {
namespace {

// Has no state, so all stores share one. Never destroyed, because a connection may be a static
// object that is destroyed later than this one would be.
const ClockSource& system_clock() {
  static const ClockSource& clock = *new SystemClockSource;
  return clock;
}

// The program must not change the environment at the same time; a library cannot prevent that.
std::optional<std::string> process_environment(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// One overload for each kind of URL; std::visit does not compile if one is missing.
class StoreOpener {
 public:
  StoreOpener(const ConnectionPlan& plan, const ConnectOptions& options)
      : plan_(plan), options_(options) {}

  std::shared_ptr<Store> operator()(const LocalUrl& url) const {
    return open_local_store({.directory = url.directory}, system_clock(), options_.log);
  }

  std::shared_ptr<Store> operator()(const MemoryUrl&) const {
    return make_memory_store(system_clock());
  }

  std::shared_ptr<Store> operator()(const RedisUrl& url) const {
    const Credentials credentials = url.credentials.value_or(Credentials{});
    return open_redis_store({.host = url.host,
                             .port = url.port,
                             .tls = url.tls,
                             .unix_socket = url.unix_socket,
                             .username = credentials.username,
                             .password = credentials.password,
                             .database = url.database,
                             .client_name = plan_.client_name,
                             .ca_file = options_.ca_file,
                             .connect_timeout = options_.connect_timeout,
                             .retry_connect = options_.retry_connect,
                             .command_timeout = options_.command_timeout,
                             .url = text_without_credentials(url)},
                            system_clock(), options_.log);
  }

 private:
  const ConnectionPlan& plan_;
  const ConnectOptions& options_;
};

// The error if the system refuses a descriptor, a thread or memory for one.
StoreError lacks_means(const std::system_error& refusal) {
  return StoreError(errc::store_unavailable,
                    "cannot connect: " + refusal.code().message() +
                        ". This process has reached its limit of descriptors or threads: raise it "
                        "(ulimit -n, ulimit -u), or close those that it does not need",
                    false);
}

}  // namespace

std::shared_ptr<Connection> connect(std::string_view url, const ConnectOptions& options) {
  const ConnectionPlan plan = plan_connection(url, options, process_environment);
  try {
    const auto log_writer = std::make_shared<LogWriter>();
    ConnectOptions store_options = options;
    store_options.log = in_background(options.log, log_writer);
    auto engine = make_engine(
        std::visit(StoreOpener(plan, store_options), plan.url),
        {.command_timeout = options.command_timeout, .log = options.log, .log_writer = log_writer});
    return std::make_shared<Connection>(std::move(engine));
  } catch (const StoreError&) {
    throw;
  } catch (const ValidationError&) {
    throw;
  } catch (const std::system_error& refusal) {
    throw lacks_means(refusal);
  }
}

}  // namespace exclusive_lock
