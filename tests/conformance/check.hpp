#pragma once
// The conformance suite is a list of checks: functions that use EXPECT and ASSERT on one fresh
// store. They are run on every store that there is (conformance_test.cpp), where all must
// pass, and on stores that are broken on purpose (broken_store_test.cpp), where they must not.
//
// Whoever adds a check: it may rely on nothing but store.hpp and StoreUnderTest, must not wait for
// a time to be over but for a condition, and a broken store should exist that it catches.

#include <ostream>
#include <string_view>
#include <vector>

#include "conformance/store_under_test.hpp"

namespace exclusive_lock::conformance {

struct Check {
  std::string_view name;
  void (*run)(StoreUnderTest&);
};
using Checks = std::vector<Check>;

inline std::ostream& operator<<(std::ostream& out, const Check& check) { return out << check.name; }

Checks exclusion_checks();
Checks expiry_checks();
Checks refresh_checks();
Checks loss_checks();
Checks repetition_checks();
Checks stranger_checks();
Checks contents_checks();
Checks name_checks();
Checks fence_checks();
Checks list_checks();
Checks queue_checks();
Checks queue_leaving_checks();
Checks queue_shown_checks();
Checks hand_over_checks();
Checks barging_checks();
Checks done_checks();
Checks ending_checks();

Checks all_checks();

// The same at the level of the public interface, on the system's clocks: api/.
Checks holding_checks();
Checks showing_checks();
Checks waiting_checks();
Checks queueing_checks();
Checks losing_checks();
Checks telling_checks();
Checks leaving_checks();
Checks async_call_checks();
Checks async_cancelling_checks();
Checks once_checks();

Checks all_api_checks();

}  // namespace exclusive_lock::conformance
