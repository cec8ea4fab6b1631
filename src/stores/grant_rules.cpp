#include "stores/grant_rules.hpp"

#include <algorithm>

#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

std::optional<Fence> fence_in(std::string_view record) {
  const std::optional<Fence> fence = record_fence(record);
  return fence && fence->value <= max_fence ? fence : std::nullopt;
}

AttemptStep judge_attempt(std::optional<std::string_view> live_record, const Owner& asking) {
  if (!live_record) {
    return AttemptStep::grant;
  }
  const std::optional<Owner> owner = record_owner(*live_record);
  if (!owner || owner->id != asking.id) {
    return AttemptStep::busy;
  }
  if (owner->ticket != asking.ticket) {
    return owner->ticket < asking.ticket ? AttemptStep::grant : AttemptStep::superseded;
  }
  // This very request was carried out before, and its reply lost. Where the fence cannot be read,
  // the record was damaged since: it is not ours any more.
  return fence_in(*live_record) ? AttemptStep::granted_before : AttemptStep::busy;
}

bool can_grow(const std::optional<Fence>& fence) { return fence && fence->value < max_fence; }

std::optional<Fence> next_fence(const std::optional<Fence>& last, std::int64_t wall_us,
                                Fence floor) {
  const auto by_time = static_cast<std::uint64_t>(std::max<std::int64_t>(wall_us, 0));
  if (!can_grow(last) || !can_grow(floor) || by_time > max_fence) {
    return std::nullopt;
  }
  return Fence{std::max(std::max(*last, floor).value + 1, by_time)};
}

StoreFailure no_fence_left() {
  return {.code = make_error_code(errc::wrong_type),
          .message =
              "the fence of this name cannot grow any more; nothing was done. Another program "
              "wrote a fence, a record or a floor near 2^53: use another name, or delete what "
              "it wrote",
          .may_have_run = false};
}

}  // namespace exclusive_lock
