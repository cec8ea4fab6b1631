#pragma once
// Stores that are broken on purpose, each in one way, to test the tests: see broken_store_test.cpp.
//
// Whoever adds one: a class in a file of broken/ that overrides one verb of Whole, and a line in
// the list at the file's end.

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/record_codec.hpp"
#include "stores/forwarding_store.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::conformance {

struct BrokenStore {
  std::string name;
  // A check that must fail on it (the name of one of all_checks()).
  std::string caught_by;
  std::function<std::shared_ptr<Store>(std::shared_ptr<MemoryStore>)> wrap;
  friend std::ostream& operator<<(std::ostream& out, const BrokenStore& broken) {
    return out << broken.name;
  }
};
using BrokenStores = std::vector<BrokenStore>;

BrokenStores broken_in_exclusion();      // G1, G2
BrokenStores broken_in_ownership();      // G3
BrokenStores broken_in_repetition();     // G4
BrokenStores broken_in_waiting();        // G6
BrokenStores broken_in_barging();        // G6
BrokenStores broken_in_what_was_done();  // G12
BrokenStores broken_in_contract();       // the rest

// A memory store as it should be; what follows overrides one verb each, and breaks it.
class Whole : public ForwardingStore {
 public:
  explicit Whole(std::shared_ptr<MemoryStore> memory)
      : ForwardingStore(memory->client()), memory_(std::move(memory)) {}

 protected:
  [[nodiscard]] std::optional<StoredRecord> seen(const std::string& key) const {
    for (StoredRecord& record : memory_->everything()) {
      if (record.key == key) {
        return std::move(record);
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Owner> holder(const std::string& key) const {
    const auto record = seen(key);
    return record ? record_owner(record->value) : std::nullopt;
  }
  [[nodiscard]] std::vector<StoredWaiter> waiters(const std::string& key) const {
    std::vector<StoredWaiter> all;
    memory_->inspect(key, Instant::max(), [&all](const Answer<InspectReply>& answer) {
      const auto* reply = std::get_if<InspectReply>(&answer);
      if (reply != nullptr && reply->record) {
        all = reply->record->waiters;
      }
    });
    return all;
  }
  // Asks the whole store; its answer comes before it returns.
  [[nodiscard]] Answer<AttemptReply> whole_attempt(AttemptRequest request, Instant deadline) {
    Answer<AttemptReply> kept;
    ForwardingStore::attempt(std::move(request), deadline,
                             [&kept](Answer<AttemptReply> answer) { kept = std::move(answer); });
    return kept;
  }
  // The answer and the record with another fence in them.
  Answer<AttemptReply> with_fence(Fence fence, const AttemptRequest& request,
                                  Answer<AttemptReply> answer) {
    auto* reply = std::get_if<AttemptReply>(&answer);
    if (reply != nullptr && reply->outcome == AttemptReplyStatus::granted) {
      reply->fence = fence;
      memory_->plant(request.key, encode_record(request.owner, fence, 1, request.record_tail),
                     reply->remaining_ttl);
    }
    return answer;
  }

  std::shared_ptr<MemoryStore> memory_;
};

template <class Broken>
BrokenStore broken(std::string name, std::string caught_by) {
  return {std::move(name), std::move(caught_by), [](std::shared_ptr<MemoryStore> memory) {
            return std::make_shared<Broken>(std::move(memory));
          }};
}

}  // namespace exclusive_lock::conformance
