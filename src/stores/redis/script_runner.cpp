#include "stores/redis/script_runner.hpp"

#include <iterator>
#include <utility>

#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {

struct ScriptRunner::Batch {
  std::vector<ScriptCommand> calls;  // of one script
  Instant deadline;
  Done done;
  ScriptForm form = ScriptForm::by_sha;
  std::uint64_t loads_before = 0;  // of its script, when it was sent last
  bool is_second_try = false;
  std::vector<std::string> echoes{};  // of each call, when it was sent last
  std::vector<Reply> replies{};       // of each call
  std::vector<std::size_t> open{};    // calls without a reply that counts
};

void ScriptRunner::run(std::vector<ScriptCall> calls, Instant deadline, Done done) {
  auto batch = std::make_shared<Batch>(
      Batch{.calls = {std::make_move_iterator(calls.begin()), std::make_move_iterator(calls.end())},
            .deadline = deadline,
            .done = std::move(done)});
  batch->echoes.resize(batch->calls.size());
  batch->replies.resize(batch->calls.size());
  for (std::size_t i = 0; i < batch->calls.size(); ++i) {
    batch->open.push_back(i);
  }
  send(batch);
}

void ScriptRunner::send(const std::shared_ptr<Batch>& batch) {
  const auto commands = [this, batch](const CommandSink& sink) {
    const redis_scripts::Script& script = batch->calls.front().script();
    batch->loads_before = loads_[&script];
    if (batch->form == ScriptForm::by_text) {
      sink({"SCRIPT", "LOAD", std::string(script.text)});
    }
    for (const std::size_t i : batch->open) {
      ScriptCommand& call = batch->calls[i];
      batch->echoes[i] = std::to_string(++echoes_);
      sink(call.in_form(batch->form, batch->echoes[i],
                        call.not_after() ? server_time_.latest_us(*call.not_after()) : 0));
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
  if (batch->open.empty() || batch->form == ScriptForm::by_text) {
    return batch->done(std::move(batch->replies));
  }
  std::uint64_t& loads = loads_[&batch->calls.front().script()];
  const bool is_on_its_way = loads > batch->loads_before;
  if (!is_on_its_way || batch->is_second_try) {
    batch->form = ScriptForm::by_text;
    ++loads;
  }
  batch->is_second_try = true;
  send(batch);
}

// False: a reply is not for whom it came to.
bool ScriptRunner::take_replies(Batch& batch, Exchange& exchange) {
  const std::size_t loads = batch.form == ScriptForm::by_text ? 1 : 0;
  std::vector<std::size_t> missing;
  for (std::size_t n = 0; n < batch.open.size(); ++n) {
    const std::size_t i = batch.open[n];
    Reply& reply = exchange.replies[n + loads];
    if (reply.is_error()) {
      if (is_missing_script(reply.text)) {
        missing.push_back(i);
      } else if (is_from_replica(reply.text)) {
        front_.leave_link();
      }
    } else if (const auto time = script_time(reply, batch.echoes[i])) {
      server_time_.observe(exchange.requested_at, exchange.replied_at, *time);
    } else {
      return false;
    }
    batch.replies[i] = std::move(reply);
  }
  batch.open = std::move(missing);
  return true;
}

}  // namespace exclusive_lock::redis
