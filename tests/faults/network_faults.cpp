// What happens on the way between workers and server. Nothing of it loses data: no two beliefs may
// ever overlap.

#include <chrono>

#include "faults/fault_kinds.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

// Beyond every request and every reply that is sent in normal work.
constexpr std::size_t max_request = 700;
constexpr std::size_t max_reply = 150;

void lasting(Scene& scene, const std::string& name, const std::function<void()>& begin,
             const std::function<void()>& meanwhile) {
  scene.fleet().suffer(name, Data::kept, [&] {
    begin();
    meanwhile();
    scene.proxy().heal();
  });
}

std::function<void()> beyond_the_ttl(Scene& scene) {
  return [&scene] { Fleet::pass(scene.fleet().options().ttl * 3 / 2); };
}

std::function<void()> a_turn_of_all(Scene& scene) {
  return [&scene] { scene.fleet().await_turns(); };
}

void both_ways(Scene& scene, const Shape& shape) {
  scene.proxy().shape(Way::to_server, shape);
  scene.proxy().shape(Way::to_client, shape);
}

void latency(Scene& scene) {
  lasting(
      scene, "latency with jitter", [&] { both_ways(scene, {.latency = 5ms, .jitter = 30ms}); },
      a_turn_of_all(scene));
}

// A reply that comes when its hold is nearly over, or over.
void latency_beyond_the_ttl(Scene& scene) {
  const auto ttl = scene.fleet().options().ttl;
  lasting(
      scene, "latency of about one ttl",
      [&] { scene.proxy().shape(Way::to_client, {.latency = ttl * 3 / 4, .jitter = ttl / 2}); },
      beyond_the_ttl(scene));
}

void drip(Scene& scene) {
  lasting(
      scene, "drip", [&] { both_ways(scene, {.piece = 40, .pause = 1ms}); }, a_turn_of_all(scene));
}

void slices_of_one_byte(Scene& scene) {
  lasting(
      scene, "slices of one byte", [&] { both_ways(scene, {.piece = 1}); }, a_turn_of_all(scene));
}

void strike(Scene& scene, const std::string& name, const std::function<void()>& arm) {
  const int before = scene.proxy().strikes();
  scene.fleet().suffer(name, Data::kept, [&] {
    arm();
    scene.fleet().await(name, [&] { return scene.proxy().strikes() > before; });
  });
}

void resets(Scene& scene, Way way, std::size_t longest) {
  constexpr int times = 20;
  for (int i = 0; i < times; ++i) {
    const std::size_t n = scene.random_below(longest);
    strike(scene, "reset at byte " + std::to_string(n), [&] { scene.proxy().reset_at(way, n); });
  }
}

void resets_of_requests(Scene& scene) { resets(scene, Way::to_server, max_request); }
void resets_of_replies(Scene& scene) { resets(scene, Way::to_client, max_reply); }

void lost_replies(Scene& scene) {
  for (int i = 0; i < 3; ++i) {
    strike(scene, "loss of one reply", [&] { scene.proxy().drop_reply(); });
  }
}

void requests_vanish(Scene& scene) {
  lasting(
      scene, "loss of all requests", [&] { scene.proxy().swallow(Way::to_server); },
      beyond_the_ttl(scene));
}

void replies_vanish(Scene& scene) {
  lasting(
      scene, "loss of all replies", [&] { scene.proxy().swallow(Way::to_client); },
      beyond_the_ttl(scene));
}

// What was sent arrives after everybody gave it up.
void requests_come_late(Scene& scene) {
  lasting(
      scene, "requests that come late", [&] { scene.proxy().hold(Way::to_server); },
      beyond_the_ttl(scene));
}

void replies_come_late(Scene& scene) {
  lasting(
      scene, "replies that come late", [&] { scene.proxy().hold(Way::to_client); },
      beyond_the_ttl(scene));
}

void connections_cut(Scene& scene) {
  for (int i = 0; i < 5; ++i) {
    scene.fleet().suffer("cut", Data::kept, [&] { scene.proxy().cut(); });
    scene.fleet().await_new_hold();
  }
}

}  // namespace

FaultKinds network_faults() {
  return {{"latency", latency},
          {"latency_beyond_the_ttl", latency_beyond_the_ttl},
          {"drip", drip},
          {"slices_of_one_byte", slices_of_one_byte},
          {"resets_of_requests", resets_of_requests},
          {"resets_of_replies", resets_of_replies},
          {"lost_replies", lost_replies},
          {"requests_vanish", requests_vanish},
          {"replies_vanish", replies_vanish},
          {"requests_come_late", requests_come_late},
          {"replies_come_late", replies_come_late},
          {"connections_cut", connections_cut}};
}

}  // namespace exclusive_lock::faults
