#include "conformance/cross_check/model_side.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {

ModelSide::ModelSide(MakeClient make_client) : make_client_(std::move(make_client)) { begin(); }

void ModelSide::begin() {
  wall_.set(standing_clock_begins_at);
  store_ = make_memory_store(clock_, wall_);
  for (std::size_t i = 0; i < clients_of_a_side; ++i) {
    pushes_[i].clear();
    open(i);
  }
}

void ModelSide::open(std::size_t number) {
  clients_[number] = make_client_(store_);
  if (number < clients_that_are_told) {
    clients_[number]->listen(
        {.wake_up =
             [this, number](const WakeUp& wake_up) { pushes_[number].push_back(text_of(wake_up)); },
         .pushes_resumed = [] {}});
  }
}

void ModelSide::lose_client(std::size_t number) {
  clients_[number]->close();
  open(number);
}

void ModelSide::plant(const std::string& key, const std::string& value,
                      std::optional<Milliseconds> ttl) {
  store_->plant(key, value, ttl);
}

std::vector<std::string> ModelSide::pushes(std::size_t client, std::size_t) {
  return pushes_.at(client);
}

bool ModelSide::would_revive_something(StoreTime then) {
  const StoreTime now = wall_.now();
  const std::size_t kept_now = store_->everything().size();
  wall_.set(then);
  const bool is_more = store_->everything().size() > kept_now;
  wall_.set(now);
  return is_more;
}

bool ModelSide::would_end_something(StoreTime then) {
  const StoreTime now = wall_.now();
  wall_.set(then - StoreTime(1));
  const std::vector<StoredRecord> all = store_->everything();
  wall_.set(now);
  return std::ranges::any_of(all, [](const StoredRecord& each) {
    return each.remaining_ttl == Milliseconds(1);  // rounded up
  });
}

std::string ModelSide::kept(const std::string& key) {
  const std::vector<StoredRecord> all = store_->everything();
  const std::array<std::pair<const char*, std::string>, 5> parts{
      {{"record", key},
       {"mark", done_key(key).value()},
       {"fence", fence_key(key).value()},
       {"queue", queue_key(key).value()},
       {"waiters", waiters_key(key).value()}}};
  std::string text;
  for (const auto& [what, where] : parts) {
    for (const StoredRecord& each : all) {
      if (each.key == where) {
        text += kept_line(what, each.value, each.remaining_ttl);
      }
    }
  }
  return text;
}

}  // namespace exclusive_lock::conformance
