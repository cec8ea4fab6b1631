// What the memory table does with the queue of a name (docs/decisions/0008-fair-hand-over.md and
// 0011-barging.md).

#include <algorithm>
#include <utility>

#include "stores/grant_rules.hpp"
#include "stores/memory/memory_table.hpp"

namespace exclusive_lock {
namespace {

// Of entries that one call looks at: dead ones must not make it slow.
constexpr std::size_t max_looks = 16;

}  // namespace

AttemptReply MemoryTable::wait_in_line(const AttemptRequest& request,
                                       const std::shared_ptr<const Channel>& channel) {
  const WaitOptions& wait_options = *request.wait_options;
  const Instant alive_until = clock_.now() + wait_options.alive_for;
  WaitingLine* there = find_line(request.key);
  WaitingLine& line =
      there != nullptr
          ? *there
          : data_.lines.put(request.key, WaitingLine(clock_.now() + line_ttl), clock_.now());
  if (Waiter* waiter = line.find(request.owner.id)) {
    waiter->alive_until = alive_until;
    if (waiter->request.owner.ticket < request.owner.ticket) {
      waiter->request = request;
      waiter->channel = channel;
    }
  } else {
    line.enter({.request = request,
                .arrived_at = line.arrival(wait_options, clock_.wall()),
                .alive_until = alive_until,
                .channel = channel});
    if (is_too_long(line, wait_options.max_waiting)) {
      line.leave(request.owner.id);
      return attempt_reply(request, AttemptReplyStatus::queue_full);
    }
  }
  AttemptReply reply = attempt_reply(request, AttemptReplyStatus::waiting);
  reply.position = line.position(request.owner.id);
  if (reply.position == 1) {
    line.expire_at(clock_.now() + line_ttl);
  }
  reply.arrived_at = line.find(request.owner.id)->arrived_at;
  return reply;
}

// Also without the dead among a few of its entries. Where these begin goes with the clock, so that
// the dead behind a live one are met sooner or later.
bool MemoryTable::is_too_long(WaitingLine& line, std::size_t most) {
  const std::size_t size = line.waiters().size();
  if (size <= most) {
    return false;
  }
  const std::size_t begins = size < max_looks ? 1 : size - max_looks + 1;
  const std::size_t from = static_cast<std::uint64_t>(clock_.wall().count()) % begins;
  std::vector<WaitingLine::OwnerId> dead;
  for (std::size_t i = from; i < std::min(size, from + max_looks); ++i) {
    if (line.waiters()[i].alive_until < clock_.now()) {
      dead.push_back(line.waiters()[i].request.owner.id);
    }
  }
  for (const auto& id : dead) {
    line.leave(id);
  }
  return line.waiters().size() > most;
}

bool MemoryTable::end_own_entry(const ReleaseRequest& request) {
  WaitingLine* line = find_line(request.key);
  const Waiter* waiter = line == nullptr ? nullptr : line->find(request.owner.id);
  return waiter != nullptr && waiter->request.owner.ticket <= request.owner.ticket &&
         line->leave(request.owner.id);
}

// Past those who wait. Not where it waits itself: an id that has a record has no entry.
bool MemoryTable::may_pass(const AttemptRequest& request) {
  WaitingLine* line = find(request.key) == nullptr ? find_line(request.key) : nullptr;
  return line != nullptr && can_grow(last_fence(request.key)) &&
         line->find(request.owner.id) == nullptr && line->pass_count() < request.barging_limit;
}

// The next one's fence is above that of the record that ends, whatever is kept beside it.
void MemoryTable::end_record(const std::string& key, std::size_t max_pass_count) {
  const std::optional<Fence> ended = last_fence(key);
  data_.entries.erase(key);
  if (!is_left_free(key, max_pass_count)) {
    advance(key, ended);
  }
}

// Where the lock has no holder. False: the waiters were passed often enough. Else the first live
// one gets a wake-up.
bool MemoryTable::is_left_free(const std::string& key, std::size_t max_pass_count) {
  if (max_pass_count == 0) {
    return false;
  }
  for (std::size_t i = 0; i < max_looks; ++i) {
    WaitingLine* line = find_line(key);
    if (line == nullptr) {
      return true;
    }
    const Waiter& first = line->waiters().front();
    if (is_alive(first)) {
      const bool is_left = line->pass_count() < max_pass_count;
      if (is_left) {
        push(first);
      }
      return is_left;
    }
    line->take_first();
  }
  return true;
}

std::optional<StoreFailure> MemoryTable::advance(const std::string& key) {
  return find(key) == nullptr ? advance(key, last_fence(key)) : std::nullopt;
}

std::optional<StoreFailure> MemoryTable::advance(const std::string& key,
                                                 std::optional<Fence> last) {
  for (std::size_t i = 0; i < max_looks && find(key) == nullptr; ++i) {
    WaitingLine* line = find_line(key);
    if (line == nullptr) {
      break;
    }
    if (!can_grow(last)) {
      return no_fence_left();
    }
    const Waiter first = line->take_first();
    if (!is_alive(first)) {
      continue;
    }
    if (write_record(first.request, last, first.request.wait_options->confirm_ttl)) {
      line->end_pass_count();
      push(first);
    }
  }
  return std::nullopt;
}

void MemoryTable::push(const Waiter& to) {
  if (to.channel != nullptr) {
    pushes_.push_back({.to = to.channel->listener, .wake_up = {.owner = to.request.owner}});
  }
}

bool MemoryTable::is_alive(const Waiter& waiter) const {
  const bool is_heard = waiter.channel == nullptr || waiter.channel->listener != nullptr;
  return is_heard && waiter.alive_until >= clock_.now();
}

std::vector<Push> MemoryTable::take_pushes() { return std::exchange(pushes_, {}); }

}  // namespace exclusive_lock
