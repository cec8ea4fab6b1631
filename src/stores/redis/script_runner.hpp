#pragma once
// Runs scripts on the server: by their SHA-1, and by their text where the server does not have them
// (a new server, SCRIPT FLUSH, an EVAL-loaded script pushed out by 500 others). There is no other
// repetition: NOSCRIPT means that nothing ran, so it goes under the same ticket. Beside the EVAL
// goes a SCRIPT LOAD, because servers keep what was loaded so for longer. Of many that miss a
// script at once the first sends the text, the others try the SHA-1 once more behind it.
//
// Every script tells the server's time, which is noted here.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "stores/redis/redis_front.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/server_time.hpp"

namespace exclusive_lock::redis {

class ScriptRunner {
 public:
  // One reply for each call, in order: with the echo that the call had, or an error.
  using Replies = std::variant<std::vector<Reply>, StoreFailure>;
  using Done = std::function<void(Replies)>;

  // Both must outlive it; `server_time` is of the loop's thread.
  ScriptRunner(RedisFront& front, ServerTime& server_time)
      : front_(front), server_time_(server_time) {}

  // From any thread; not empty. `done` as in Operation.
  void run(std::vector<ScriptCall> calls, Instant deadline, Done done);

 private:
  struct Batch;
  void send(const std::shared_ptr<Batch>& batch);
  void on_outcome(const std::shared_ptr<Batch>& batch, Outcome outcome);
  bool take_replies(Batch& batch, Exchange& exchange);

  RedisFront& front_;
  ServerTime& server_time_;
  // On the loop's thread.
  std::uint64_t echoes_ = 0;  // given out
  std::map<const redis_scripts::Script*, std::uint64_t>
      loads_{};  // how often its text was handed over
};

}  // namespace exclusive_lock::redis
