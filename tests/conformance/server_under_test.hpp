#pragma once
// A store on a server that speaks Redis' protocol.

#include <memory>

#include "conformance/store_under_test.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {

// Starts a server of its own.
std::unique_ptr<StoreUnderTest> own_server(live::ServerKind kind);

// A server that runs already, and may be in use: only keys below prefix() are touched.
// url: redis://[[user]:password@]host[:port][/db] or unix:///path, from the environment variable
// EXCLUSIVE_LOCK_TEST_URL. For a server that this machine cannot start:
//   export EXCLUSIVE_LOCK_TEST_URL=redis://10.0.0.7
//   build/dev/tests/conformance/conformance_tests --gtest_filter='*/url_*'
std::unique_ptr<StoreUnderTest> running_server(const std::string& url);

}  // namespace exclusive_lock::conformance
