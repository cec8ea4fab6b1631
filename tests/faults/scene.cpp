#include "faults/scene.hpp"

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::faults {

using namespace std::chrono_literals;

std::optional<live::ServerKind> kind_of(const std::string& store) {
  for (const auto kind : {live::ServerKind::redis, live::ServerKind::valkey,
                          live::ServerKind::redict, live::ServerKind::keydb}) {
    if (live::name_of(kind) == store) {
      return kind;
    }
  }
  if (store != "local") {
    throw std::runtime_error("no such store: " + store +
                             "; there are redis, valkey, redict, keydb and local");
  }
  return std::nullopt;
}

std::vector<std::string> servers_to_test() {
  std::vector<std::string> names;
  for (const live::ServerKind kind : live::servers_to_test()) {
    names.emplace_back(live::name_of(kind));
  }
  return names;
}

std::vector<std::string> stores_to_test() {
  std::vector<std::string> names = servers_to_test();
  names.emplace_back("local");
  return names;
}

namespace {

ConnectOptions impatient() {
  ConnectOptions options;
  options.command_timeout = 100ms;
  return options;
}

}  // namespace

Scene::Scene(const std::string& store, std::uint64_t seed, FleetOptions plan)
    : store_(store), random_(static_cast<std::minstd_rand::result_type>(seed)) {
  if (kind_of(store)) {
    server_.emplace(server_options());
    proxy_.emplace(server_->port(), seed);
    plan.url = "redis://locker:secret@127.0.0.1:" + std::to_string(proxy_->port());
  } else {
    directory_.emplace();
    plan.url = "local://" + directory_->path().string();
    past_the_workers_ = connect(plan.url, impatient());
  }
  plan.environment.push_back(clock_of_workers_.setting());
  fleet_.emplace(std::move(plan));
}

live::ServerOptions Scene::server_options() const {
  // What the kernel has survives kill -9; nobody here pulls the plug, so no write waits for a disk.
  // Nor does a replica wait for others that might want the same data (5 s by default).
  return {.kind = kind_of(store_).value(),
          .persistent = true,
          .arguments = {"--appendfsync", "no", "--repl-diskless-sync-delay", "0", "--user",
                        "locker", "on", ">secret", "~*", "&*", "+@all"},
          .environment = clock_.environment()};
}

std::size_t Scene::random_below(std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
}

std::optional<LockRecord> Scene::record() {
  const auto connection = is_local() ? past_the_workers_ : connect(server_->url(), impatient());
  return LockDirectory(connection).inspect("job");
}

bool Scene::is_blocked() {
  if (!is_local()) {
    return false;
  }
  Options options;
  options.app_name = "probe";
  options.cache_connection = past_the_workers_;
  ExclusiveLock probe(options);
  std::error_code error;
  return !probe.acquire(error);
}

std::vector<std::string> Scene::leftovers() {
  const Instant end = BootClock::now() + fleet_->options().ttl;
  std::vector<std::string> found = records();
  while (!found.empty() && BootClock::now() <= end) {
    std::this_thread::sleep_for(10ms);
    found = records();
  }
  return found;
}

std::vector<std::string> Scene::records() {
  std::vector<std::string> found;
  if (is_local()) {
    for (const LockRecord& record : LockDirectory(past_the_workers_).list()) {
      found.push_back(record.key);
    }
    return found;
  }
  for (const std::string& key : server_->client().texts({"KEYS", "*"})) {
    if (!key.ends_with(":fence")) {
      found.push_back(key);
    }
  }
  return found;
}

}  // namespace exclusive_lock::faults
