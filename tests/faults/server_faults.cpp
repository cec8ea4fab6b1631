// What happens to a server, and what other people do to it while workers use it.

#include <chrono>
#include <filesystem>

#include "exclusive_lock/error.hpp"
#include "faults/fault_kinds.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;
using live::RawClient;
using live::ServerData;

const std::string record_key{Scene::record_key};

void end_all_connections(RawClient& client) {
  client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

// --- the process ---

void killed_with_its_data_kept(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("kill -9 and restart with data", Data::kept, [&] {
    scene.server().kill();
    scene.server().restart(ServerData::kept);
  });
}

void killed_with_its_data_lost(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("kill -9 and restart without data", Data::lost, [&] {
    scene.server().kill();
    scene.server().restart(ServerData::lost);
  });
}

void stopped_beyond_the_ttl(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("stop of the server", Data::kept, [&] {
    scene.server().pause();
    Fleet::pass(scene.fleet().options().ttl * 3 / 2);
    scene.server().resume();
  });
}

void busy_with_a_script(Scene& scene) {
  RawClient client = scene.server().client();
  client.must({"CONFIG", "SET", "lua-time-limit", "50"});
  scene.fleet().suffer("a script that does not end", Data::kept, [&] {
    RawClient stuck = scene.server().client();
    stuck.send({"EVAL", "while true do end", "0"});
    Fleet::pass(scene.fleet().options().ttl * 3 / 2);
    client.must({"SCRIPT", "KILL"});
  });
}

// --- its data ---

void everything_flushed(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().await_long_holder();
  scene.fleet().suffer("FLUSHALL", Data::lost, [&] { client.must({"FLUSHALL"}); });
}

void scripts_flushed(Scene& scene) {
  RawClient client = scene.server().client();
  for (int i = 0; i < 5; ++i) {
    scene.fleet().suffer("SCRIPT FLUSH", Data::kept, [&] { client.must({"SCRIPT", "FLUSH"}); });
    scene.fleet().await_new_hold();
  }
}

void record_deleted(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().await_long_holder();
  scene.fleet().suffer("DEL of the record", Data::lost, [&] { client.must({"DEL", record_key}); });
}

void record_overwritten(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().await_long_holder();
  scene.fleet().suffer("SET over the record", Data::lost, [&] {
    client.must({"SET", record_key, "somebody", "PX", "300"});
  });
}

void record_renamed(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().suffer("RENAME of the record", Data::lost, [&] {
    scene.fleet().await("a record that can be renamed", [&] {
      return client.command({"RENAME", record_key, "elsewhere"}).text == "OK";
    });
    client.must({"DEL", "elsewhere"});
  });
}

void record_of_another_type(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().suffer("a list at the record's key", Data::lost, [&] {
    const Instant since = BootClock::now();
    client.must({"MULTI"});
    client.must({"DEL", record_key});
    client.must({"RPUSH", record_key, "not a lock"});
    client.must({"EXEC"});
    scene.fleet().await_failure(errc::wrong_type, since);
    client.must({"DEL", record_key});
  });
}

// The scene's server, from now on. Who asks the replica afterwards.
RawClient follow(Scene& scene, live::Server& replica) {
  RawClient client = replica.client();
  client.must({"REPLICAOF", "127.0.0.1", std::to_string(scene.server().port())});
  scene.fleet().await("a replica that follows", [&] {
    return says(client, {"INFO", "replication"}, "master_link_status:up");
  });
  return client;
}

// The replica stops to follow, more is granted, the master dies, and the replica is promoted.
void lagging_replica_promoted(Scene& scene) {
  Fleet& fleet = scene.fleet();
  live::Server replica(scene.server_options());
  RawClient client = follow(scene, replica);
  fleet.await_new_hold();
  client.must({"REPLICAOF", "127.0.0.1", "1"});  // nobody is there
  fleet.await_turns();
  fleet.await_long_holder();
  fleet.suffer("promotion of a lagging replica", Data::lost, [&] {
    scene.server().kill();
    client.must({"REPLICAOF", "NO", "ONE"});
    scene.proxy().redirect(replica.port());
  });
  fleet.await_turns();
  fleet.suffer("return to an empty master", Data::lost, [&] {
    scene.server().restart(ServerData::lost);
    scene.proxy().redirect(scene.server().port());
    replica.kill();
  });
}

// Each side grants, until the old one dies: a worker that loses its connection finds the new
// master, and the others stay with the old one.
void old_master_lives_on(Scene& scene) {
  Fleet& fleet = scene.fleet();
  live::Server replica(scene.server_options());
  RawClient client = follow(scene, replica);
  fleet.await_turns();
  fleet.suffer("two masters", Data::lost, [&] {
    client.must({"REPLICAOF", "NO", "ONE"});
    scene.proxy().redirect(replica.port());
    const int mover = fleet.living().back();
    fleet.kill(mover);
    fleet.start_again(mover);
    fleet.await_hold_of(mover);
    fleet.await_new_hold();
    scene.server().kill();
  });
  fleet.await_turns();
  fleet.suffer("return to an empty master", Data::lost, [&] {
    scene.server().restart(ServerData::lost);
    scene.proxy().redirect(scene.server().port());
    replica.kill();
  });
}

// Memory pressure with a policy that takes what expires soonest: that is the lock.
void record_evicted(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().await_long_holder();
  scene.fleet().suffer("eviction", Data::lost, [&] {
    client.must({"CONFIG", "RESETSTAT"});
    client.must({"CONFIG", "SET", "maxmemory-policy", "volatile-ttl"});
    client.must({"CONFIG", "SET", "maxmemory", "1"});
    scene.fleet().await("an eviction", [&] {
      client.command({"SET", "filler", "x"});  // refused, after what may go has gone
      return !says(client, {"INFO", "stats"}, "evicted_keys:0\r");
    });
    client.must({"CONFIG", "SET", "maxmemory", "0"});
    client.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    client.must({"DEL", "filler"});
  });
}

// --- what it refuses ---

void refused(Scene& scene, const std::string& name, errc code, const std::function<void()>& begin,
             const std::function<void()>& end) {
  scene.fleet().suffer(name, Data::kept, [&] {
    const Instant since = BootClock::now();
    begin();
    scene.fleet().await_failure(code, since);
    end();
  });
}

void memory_full(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "memory that is full", errc::store_out_of_memory,
      [&] {
        client.must({"CONFIG", "SET", "maxmemory", "1"});
      },
      [&] {
        client.must({"CONFIG", "SET", "maxmemory", "0"});
      });
}

void disk_that_cannot_be_written(Scene& scene) {
  RawClient client = scene.server().client();
  const auto dump = scene.server().folder() / "dump.rdb";
  refused(
      scene, "MISCONF", errc::store_not_persisting,
      [&] {
        std::filesystem::remove_all(dump);
        std::filesystem::create_directory(dump);
        client.must({"CONFIG", "SET", "save", "3600 1"});
        scene.fleet().await("a failed BGSAVE", [&] {
          client.command({"BGSAVE"});
          return says(client, {"INFO", "persistence"}, "rdb_last_bgsave_status:err");
        });
      },
      [&] {
        client.must({"CONFIG", "SET", "save", ""});
        std::filesystem::remove(dump);
      });
}

void replicas_missing(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "NOREPLICAS", errc::store_not_persisting,
      [&] {
        client.must({"CONFIG", "SET", "min-replicas-to-write", "1"});
      },
      [&] {
        client.must({"CONFIG", "SET", "min-replicas-to-write", "0"});
      });
}

void demoted_and_promoted(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "demotion", errc::store_failed_over,
      [&] {
        scene.fleet().await_long_holder();  // its refresh tells of it; who waits outlives it
        client.must({"REPLICAOF", "127.0.0.1", "1"});
      },
      [&] {
        client.must({"REPLICAOF", "NO", "ONE"});
      });
}

// A replica that has nothing to say without its master.
void demoted_without_a_master(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "demotion without a master", errc::store_failed_over,
      [&] {
        scene.fleet().await_long_holder();
        client.must({"CONFIG", "SET", "replica-serve-stale-data", "no"});
        client.must({"REPLICAOF", "127.0.0.1", "1"});
        scene.fleet().await("MASTERDOWN", [&] { return says(client, {"GET", "k"}, "MASTERDOWN"); });
      },
      [&] {
        client.must({"REPLICAOF", "NO", "ONE"});
        client.must({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
      });
}

void right_taken_away(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "a right that is taken away", errc::permission_denied,
      [&] {
        client.must({"ACL", "SETUSER", "locker", "-evalsha"});
      },
      [&] {
        client.must({"ACL", "SETUSER", "locker", "+@all"});
      });
}

void password_changed(Scene& scene) {
  RawClient client = scene.server().client();
  refused(
      scene, "another password", errc::wrong_password,
      [&] {
        client.must({"ACL", "SETUSER", "locker", "resetpass", ">another"});
        end_all_connections(client);
      },
      [&] {
        client.must({"ACL", "SETUSER", "locker", "resetpass", ">secret"});
      });
}

// --- its connections ---

void clients_killed(Scene& scene) {
  RawClient client = scene.server().client();
  for (int i = 0; i < 5; ++i) {
    scene.fleet().suffer("CLIENT KILL", Data::kept, [&] { end_all_connections(client); });
    scene.fleet().await_new_hold();
  }
}

void clients_paused(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("CLIENT PAUSE", Data::kept, [&] {
    const auto time = scene.fleet().options().ttl * 3 / 2;
    scene.server().client().must({"CLIENT", "PAUSE", std::to_string(time.count())});
    scene.server().client().must({"PING"});  // answered when it is over
  });
}

// What is published does not fit into the server's buffers for its subscribers: it ends their
// connections, and what was in them is lost.
void pushes_overflow(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().await_long_holder();
  scene.fleet().suffer("pushes that overflow", Data::kept, [&] {
    client.must({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 100000 0 0"});
    scene.fleet().await("subscribers that are thrown out", [&] {
      for (const std::string& channel : client.texts({"PUBSUB", "CHANNELS"})) {
        client.must({"PUBLISH", channel, std::string(1'000'000, 'x')});
      }
      return scene.server().log().find("overcoming of output buffer limits") != std::string::npos;
    });
    client.must({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 8388608 60"});
  });
}

// As many as there are, and all of them out; who comes back is turned away at the door.
void server_full(Scene& scene) {
  RawClient client = scene.server().client();
  scene.fleet().suffer("maxclients", Data::kept, [&] {
    client.must({"CONFIG", "SET", "maxclients", "1"});
    client.must({"CONFIG", "RESETSTAT"});
    end_all_connections(client);
    scene.fleet().await("somebody who was turned away", [&] {
      return !says(client, {"INFO", "stats"}, "rejected_connections:0\r");
    });
    client.must({"CONFIG", "SET", "maxclients", "1000"});
  });
}

}  // namespace

FaultKinds server_faults() {
  return {{"killed_with_its_data_kept", killed_with_its_data_kept},
          {"killed_with_its_data_lost", killed_with_its_data_lost},
          {"stopped_beyond_the_ttl", stopped_beyond_the_ttl},
          {"busy_with_a_script", busy_with_a_script},
          {"everything_flushed", everything_flushed},
          {"scripts_flushed", scripts_flushed},
          {"record_deleted", record_deleted},
          {"record_overwritten", record_overwritten},
          {"record_renamed", record_renamed},
          {"record_of_another_type", record_of_another_type},
          {"lagging_replica_promoted", lagging_replica_promoted},
          {"old_master_lives_on", old_master_lives_on},
          {"record_evicted", record_evicted},
          {"memory_full", memory_full},
          {"disk_that_cannot_be_written", disk_that_cannot_be_written},
          {"replicas_missing", replicas_missing},
          {"demoted_and_promoted", demoted_and_promoted},
          {"demoted_without_a_master", demoted_without_a_master},
          {"right_taken_away", right_taken_away},
          {"password_changed", password_changed},
          {"clients_killed", clients_killed},
          {"clients_paused", clients_paused},
          {"pushes_overflow", pushes_overflow},
          {"server_full", server_full}};
}

}  // namespace exclusive_lock::faults
