#pragma once
// Runs scripts on the server: by their SHA-1, and by their text where the server does not have them
// (a new server, SCRIPT FLUSH, an EVAL-loaded script pushed out by 500 others). NOSCRIPT means that
// nothing ran, so it goes under the same ticket. Beside the EVAL goes a SCRIPT LOAD, because
// servers keep what was loaded so for longer. Of many that miss a script at once the first sends
// the text, the others try the SHA-1 once more behind it.
//
// Every script tells the server's time, which is noted here. An attempt that the server calls too
// late although it is in time by our clock (the server's was set forward) is made once more, by
// what was learnt of it just then: nothing was done. There is no other repetition.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "stores/clock_source.hpp"
#include "stores/redis/redis_front.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/server_time.hpp"

namespace exclusive_lock::redis {

class ScriptRunner {
 public:
  // One reply for each call, in order: with the echo that the call had, or an error.
  using Replies = std::variant<std::vector<Reply>, StoreFailure>;
  using Done = std::function<void(Replies)>;

  // All must outlive it; `server_time` is of the loop's thread.
  ScriptRunner(RedisFront& front, ServerTime& server_time, const ClockSource& clock)
      : front_(front), server_time_(server_time), clock_(clock) {}

  // From any thread. All of one script, and at least one; `done` as in Operation.
  void run(std::vector<ScriptCall> calls, Instant deadline, Done done);

 private:
  struct Batch;
  void send(const std::shared_ptr<Batch>& batch);
  void on_outcome(const std::shared_ptr<Batch>& batch, Outcome outcome);
  bool take_replies(Batch& batch, Exchange& exchange);
  void prepare_to_load(Batch& batch);
  [[nodiscard]] bool only_seems_late(const Batch& batch) const;

  RedisFront& front_;
  ServerTime& server_time_;
  const ClockSource& clock_;
  // On the loop's thread.
  std::uint64_t echoes_ = 0;  // given out
  std::map<const redis_scripts::Script*, std::uint64_t>
      loads_{};  // how often its text was handed over
};

}  // namespace exclusive_lock::redis
