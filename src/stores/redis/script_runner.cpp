#include "stores/redis/script_runner.hpp"

#include <utility>

#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {

void ScriptBatch::give_commands(const CommandSink& sink) { runner_->give_commands(*this, sink); }

void ScriptBatch::done(std::unique_ptr<Operation> self, Outcome outcome) {
  runner_->on_outcome(std::move(self), *this, std::move(outcome));
}

void ScriptRunner::run(std::unique_ptr<ScriptBatch> batch) {
  batch->runner_ = this;
  batch->replies_.resize(batch->parts_.size());
  client_.submit(std::move(batch));
}

void ScriptRunner::give_commands(ScriptBatch& batch, const CommandSink& sink) {
  batch.loads_before_ = loads_[&batch.script()];
  if (batch.form_ == ScriptForm::by_text) {
    sink({"SCRIPT", "LOAD", batch.script().text});
  }
  for (ScriptBatch::Part& part : batch.parts_) {
    if (part.is_open) {
      const auto& not_after = part.call.not_after();
      part.echo = std::to_string(++echoes_);
      part.call.send(batch.form_, part.echo, not_after ? server_time_.latest_us(*not_after) : 0,
                     sink);
    }
  }
}

void ScriptRunner::on_outcome(std::unique_ptr<Operation> self, ScriptBatch& batch,
                              Outcome outcome) {
  if (auto* failure = std::get_if<StoreFailure>(&outcome)) {
    return batch.failed(std::move(*failure));
  }
  if (!take_replies(batch, std::get<Exchange>(outcome))) {
    client_.distrust_server();
    return batch.failed(senseless_answer("a script"));
  }
  if (batch.is_open() && batch.form_ == ScriptForm::by_sha) {
    prepare_to_load(batch);
    return client_.submit(std::move(self));
  }
  if (only_seems_late(batch)) {
    batch.was_repeated_ = true;
    batch.parts_.front().is_open = true;
    return client_.submit(std::move(self));
  }
  batch.replied(batch.replies_);
}

// False: a reply is not for whom it came to. Open stays who met a server without its script.
bool ScriptRunner::take_replies(ScriptBatch& batch, Exchange& exchange) {
  auto next = exchange.replies.begin();
  if (batch.form_ == ScriptForm::by_text) {
    ++next;  // of SCRIPT LOAD
  }
  for (std::size_t i = 0; i < batch.parts_.size(); ++i) {
    ScriptBatch::Part& part = batch.parts_[i];
    if (!part.is_open) {
      continue;
    }
    Reply& reply = *next++;
    part.is_open = reply.is_error() && is_missing_script(reply.text);
    if (reply.is_error()) {
      if (is_from_replica(reply.text)) {
        client_.leave_server();
      }
      reply.text = with_command_named(reply.text, batch.script().text);
    } else {
      const ReplyTexts texts(reply);
      if (!has_echo(texts, part.echo)) {
        return false;
      }
      if (const auto time = script_time(texts)) {
        server_time_.observe(exchange.requested_at, exchange.replied_at, *time);
      }
    }
    batch.replies_[i] = std::move(reply);
  }
  return true;
}

void ScriptRunner::prepare_to_load(ScriptBatch& batch) {
  std::uint64_t& loads = loads_[&batch.script()];
  const bool is_on_its_way = loads > batch.loads_before_;
  if (!is_on_its_way || batch.is_second_try_) {
    batch.form_ = ScriptForm::by_text;
    ++loads;
  }
  batch.is_second_try_ = true;
}

bool ScriptRunner::only_seems_late(const ScriptBatch& batch) const {
  const auto& not_after = batch.call().not_after();
  return not_after && !batch.was_repeated_ && is_too_late(batch.replies_.front()) &&
         clock_.now() <= *not_after;
}

}  // namespace exclusive_lock::redis
