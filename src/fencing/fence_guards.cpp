#include "fence_guards.hpp"

#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

std::string_view fence_guard_lua() noexcept { return fence_guards::guarded_set.text; }

std::string_view fence_guard_sql() noexcept { return fence_guards::guarded_update.text; }

}  // namespace exclusive_lock
