#include "stores/redis/script_runner.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {

struct ScriptRunner::Batch {
  struct Part {
    ScriptCall call;
    std::string echo{};  // when it was sent last
    Reply reply{};
    bool is_open = true;  // to be sent, or without a reply that counts
  };

  std::vector<Part> parts;  // of one script
  Instant deadline;
  Done done;
  ScriptForm form = ScriptForm::by_sha;
  std::uint64_t loads_before = 0;  // of its script, when it was sent last
  bool is_second_try = false;
  bool was_repeated = false;  // because it only seemed late

  [[nodiscard]] const redis_scripts::Script& script() const { return parts.front().call.script(); }
  [[nodiscard]] bool is_open() const { return std::ranges::any_of(parts, &Part::is_open); }
  void finish() {
    std::vector<Reply> replies;
    replies.reserve(parts.size());
    std::ranges::transform(parts, std::back_inserter(replies),
                           [](Part& part) { return std::move(part.reply); });
    done(std::move(replies));
  }
};

void ScriptRunner::run(std::vector<ScriptCall> calls, Instant deadline, Done done) {
  auto batch =
      std::make_shared<Batch>(Batch{.parts = {}, .deadline = deadline, .done = std::move(done)});
  batch->parts.reserve(calls.size());
  for (ScriptCall& call : calls) {
    batch->parts.push_back({.call = std::move(call)});
  }
  send(batch);
}

void ScriptRunner::send(const std::shared_ptr<Batch>& batch) {
  const auto commands = [this, batch](const CommandSink& sink) {
    batch->loads_before = loads_[&batch->script()];
    if (batch->form == ScriptForm::by_text) {
      sink({"SCRIPT", "LOAD", batch->script().text});
    }
    for (Batch::Part& part : batch->parts) {
      if (part.is_open) {
        const auto& not_after = part.call.not_after();
        part.echo = std::to_string(++echoes_);
        part.call.send(batch->form, part.echo, not_after ? server_time_.latest_us(*not_after) : 0,
                       sink);
      }
    }
  };
  front_.submit(
      {.commands = commands, .deadline = batch->deadline, .done = [this, batch](Outcome outcome) {
         on_outcome(batch, std::move(outcome));
       }});
}

void ScriptRunner::on_outcome(const std::shared_ptr<Batch>& batch, Outcome outcome) {
  if (auto* failure = std::get_if<StoreFailure>(&outcome)) {
    return batch->done(std::move(*failure));
  }
  if (!take_replies(*batch, std::get<Exchange>(outcome))) {
    front_.distrust_link();
    return batch->done(senseless_answer("a script"));
  }
  if (batch->is_open() && batch->form == ScriptForm::by_sha) {
    prepare_to_load(*batch);
    return send(batch);
  }
  if (only_seems_late(*batch)) {
    batch->was_repeated = true;
    batch->parts.front().is_open = true;
    return send(batch);
  }
  batch->finish();
}

// False: a reply is not for whom it came to. Open stays who met a server without its script.
bool ScriptRunner::take_replies(Batch& batch, Exchange& exchange) {
  auto next = exchange.replies.begin();
  if (batch.form == ScriptForm::by_text) {
    ++next;  // of SCRIPT LOAD
  }
  for (Batch::Part& part : batch.parts) {
    if (!part.is_open) {
      continue;
    }
    Reply& reply = *next++;
    part.is_open = reply.is_error() && is_missing_script(reply.text);
    if (reply.is_error()) {
      if (is_from_replica(reply.text)) {
        front_.leave_link();
      }
      reply.text = with_command_named(reply.text, batch.script().text);
    } else {
      reply = unpacked(std::move(reply));
      if (!has_echo(reply, part.echo)) {
        return false;
      }
      if (const auto time = script_time(reply)) {
        server_time_.observe(exchange.requested_at, exchange.replied_at, *time);
      }
    }
    part.reply = std::move(reply);
  }
  return true;
}

void ScriptRunner::prepare_to_load(Batch& batch) {
  std::uint64_t& loads = loads_[&batch.script()];
  const bool is_on_its_way = loads > batch.loads_before;
  if (!is_on_its_way || batch.is_second_try) {
    batch.form = ScriptForm::by_text;
    ++loads;
  }
  batch.is_second_try = true;
}

bool ScriptRunner::only_seems_late(const Batch& batch) const {
  const Batch::Part& attempt = batch.parts.front();
  const auto& not_after = attempt.call.not_after();
  return not_after && !batch.was_repeated && is_too_late(attempt.reply) &&
         clock_.now() <= *not_after;
}

}  // namespace exclusive_lock::redis
