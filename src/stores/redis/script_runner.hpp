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

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "os/clock.hpp"
#include "stores/redis/redis_client.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/server_time.hpp"

namespace exclusive_lock::redis {

class ScriptRunner;

// Calls of one script, at least one, that are sent and answered together.
class ScriptBatch : public Operation {
 public:
  explicit ScriptBatch(Instant deadline) : Operation(deadline) {}
  void add(ScriptCall call) { parts_.push_back({.call = std::move(call)}); }

  void give_commands(const CommandSink& sink) final;
  void done(std::unique_ptr<Operation> self, Outcome outcome) final;

 protected:
  [[nodiscard]] const ScriptCall& call() const { return parts_.front().call; }
  // One of these two is called, once, on the loop's thread, or inline after the end. It must not
  // block or throw.
  // One reply for each call, in order: with the echo that the call had, or an error.
  virtual void replied(std::span<const Reply> replies) = 0;
  virtual void failed(StoreFailure failure) = 0;

 private:
  friend class ScriptRunner;
  struct Part {
    ScriptCall call;
    std::string echo{};   // when it was sent last
    bool is_open = true;  // to be sent, or without a reply that counts
  };

  [[nodiscard]] const redis_scripts::Script& script() const { return parts_.front().call.script(); }
  [[nodiscard]] bool is_open() const { return std::ranges::any_of(parts_, &Part::is_open); }

  ScriptRunner* runner_ = nullptr;
  boost::container::small_vector<Part, 1> parts_;
  Replies replies_;  // one for each part
  ScriptForm form_ = ScriptForm::by_sha;
  std::uint64_t loads_before_ = 0;  // of its script, when it was sent last
  bool is_second_try_ = false;
  bool was_repeated_ = false;  // because it only seemed late
};

class ScriptRunner {
 public:
  // All must outlive it; `server_time` is of the loop's thread.
  ScriptRunner(RedisClient& client, ServerTime& server_time, const ClockSource& clock)
      : client_(client), server_time_(server_time), clock_(clock) {}

  // From any thread.
  void run(std::unique_ptr<ScriptBatch> batch);

 private:
  friend class ScriptBatch;
  void give_commands(ScriptBatch& batch, const CommandSink& sink);
  void on_outcome(std::unique_ptr<Operation> self, ScriptBatch& batch, Outcome outcome);
  bool take_replies(ScriptBatch& batch, Exchange& exchange);
  void prepare_to_load(ScriptBatch& batch);
  [[nodiscard]] bool only_seems_late(const ScriptBatch& batch) const;

  RedisClient& client_;
  ServerTime& server_time_;
  const ClockSource& clock_;
  // On the loop's thread.
  std::uint64_t echoes_ = 0;  // given out
  std::map<const redis_scripts::Script*, std::uint64_t>
      loads_{};  // how often its text was handed over
};

}  // namespace exclusive_lock::redis
