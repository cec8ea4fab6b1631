#pragma once
// The embedded store, in a folder that is deleted afterwards.

#include <memory>

#include "conformance/store_under_test.hpp"

namespace exclusive_lock::conformance {

std::unique_ptr<StoreUnderTest> local_in_a_temporary_folder();

}  // namespace exclusive_lock::conformance
