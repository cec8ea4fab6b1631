#pragma once
// Where faults strike: a store, what stands before it, and the workers that use it.
//
// A server stands behind a proxy, and the workers come through that as the user `locker`, so that
// network and rights can be taken from them and not from the test. `local:` has a directory and
// nothing else.

#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/record.hpp"
#include "faults/fleet.hpp"
#include "faults/proxy.hpp"
#include "faults/wall_clock.hpp"
#include "live/server.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {

// None: `store` is local. Throws std::runtime_error where it is no store at all.
std::optional<live::ServerKind> kind_of(const std::string& store);
// The names of live::servers_to_test(), and of all stores that there are.
std::vector<std::string> servers_to_test();
std::vector<std::string> stores_to_test();

class Scene {
 public:
  static constexpr std::string_view record_key = "exclusive-lock:job";

  // `store`: redis, valkey, redict, keydb or local. `plan` says everything of the fleet but the
  // URL. Throws std::runtime_error where there is no such server.
  Scene(const std::string& store, std::uint64_t seed, FleetOptions plan = {});

  [[nodiscard]] const std::string& store() const noexcept { return store_; }
  [[nodiscard]] bool is_local() const noexcept { return !server_; }
  [[nodiscard]] Fleet& fleet() { return *fleet_; }
  // Not for local.
  [[nodiscard]] live::Server& server() { return *server_; }
  [[nodiscard]] Proxy& proxy() { return *proxy_; }
  // By which this server, and every one of server_options(), goes.
  [[nodiscard]] WallClock& clock() { return clock_; }
  // By which the workers go.
  [[nodiscard]] WallClock& clock_of_workers() { return clock_of_workers_; }
  [[nodiscard]] std::minstd_rand& random() noexcept { return random_; }
  // From 0 up to, and without, `end`.
  std::size_t random_below(std::size_t end);

  // Only for local: where its files are.
  // Of the embedded store: where its files are.
  [[nodiscard]] std::filesystem::path store_folder() const {
    return directory_->path() / "exclusive-lock.d";
  }

  // The record of the workers' lock as it is just now, past the proxy; none: nobody has it.
  [[nodiscard]] std::optional<LockRecord> record();

  // A server of the same kind with the same users and the same clock.
  [[nodiscard]] live::ServerOptions server_options() const;

  // A process that was stopped with a transaction open stops all others of a local store
  // (docs/local_store.md): whether one does.
  [[nodiscard]] bool is_blocked();

  // What the store still has of the workers' locks one ttl after they ended: keys, or rows that are
  // held. (A release that was not answered before its process ended is left to the ttl.) Fences,
  // which stay for a day, are not counted.
  std::vector<std::string> leftovers();

 private:
  std::vector<std::string> records();

  std::string store_;
  std::minstd_rand random_;
  std::optional<live::TemporaryDirectory> directory_;
  std::shared_ptr<Connection> past_the_workers_;
  WallClock clock_;
  WallClock clock_of_workers_;
  std::optional<live::Server> server_;
  std::optional<Proxy> proxy_;
  std::optional<Fleet> fleet_;
};

}  // namespace exclusive_lock::faults
