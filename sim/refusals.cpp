#include "sim/refusals.hpp"

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::sim {
namespace {

bool has_entry(const Seen& seen, const Owner& owner) {
  const SeenWaiter* entry = seen.waiter(owner.id);
  return entry != nullptr && entry->owner == owner;
}

// What is free is handed over first.
bool is_to_be_handed_over(const Seen& seen) { return !seen.value && !seen.waiters.empty(); }

}  // namespace

// What moves the queue on first has written something smaller, and is let through.
bool would_grow(const Seen& before, const AttemptRequest& request, std::size_t pass_count) {
  if (before.is_held_by(request.owner.id)) {
    return before.owner->ticket < request.owner.ticket;
  }
  if (before.value) {
    return request.wait_options.has_value();
  }
  const bool goes_past =
      pass_count < request.barging_limit && before.waiter(request.owner.id) == nullptr;
  return before.waiters.empty() || goes_past;
}

bool would_write(const Seen& before, const AttemptRequest& request) {
  return is_to_be_handed_over(before) || would_grow(before, request, 0);
}

bool would_write(const Seen& before, const HeartbeatRequest& request) {
  return is_to_be_handed_over(before) || before.owner == request.owner ||
         has_entry(before, request.owner);
}

bool would_write(const Seen& before, const RefreshRequest& request) {
  return before.owner == request.owner;
}

// It takes away an entry without looking whether there is one, but for one of a newer ticket.
bool would_write(const Seen& before, const ReleaseRequest& request) {
  const SeenWaiter* entry = before.waiter(request.owner.id);
  return is_to_be_handed_over(before) || entry == nullptr ||
         entry->owner.ticket <= request.owner.ticket;
}

StoreFailure no_memory() {
  return {.code = errc::store_out_of_memory, .message = "memory is full", .may_have_run = false};
}

StoreFailure no_writes() {
  return {
      .code = errc::store_not_persisting, .message = "no writes are taken", .may_have_run = false};
}

}  // namespace exclusive_lock::sim
