#pragma once
// What strikes a run, at random times until it is calm: on processes, on the server, on what lies
// between them. Messages that are lost or late are the network's business (process.hpp).

#include <functional>
#include <memory>
#include <vector>

#include "sim/process.hpp"

namespace exclusive_lock::sim {

class Faults {
 public:
  // Who is there changes: `start_process` adds one.
  Faults(World& world, const std::vector<std::unique_ptr<Process>>& processes,
         std::function<void()> start_process);

  void begin();
  // Ends what still lasts.
  void calm();
  void kill(Process& process);

 private:
  void plan_next();
  void strike();
  void strike_process(Process& process);
  void strike_server();
  void strike_data();
  void flush();
  void hold_server_up();
  void restart_server(Nanoseconds outage);
  void say(const std::string& text);
  [[nodiscard]] Process* somebody();

  World& world_;
  const std::vector<std::unique_ptr<Process>>& processes_;
  std::function<void()> start_process_;
};

}  // namespace exclusive_lock::sim
