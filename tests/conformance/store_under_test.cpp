#include "conformance/store_under_test.hpp"

#include <cstdlib>
#include <random>

#include "conformance/local_under_test.hpp"
#include "conformance/memory_under_test.hpp"
#include "conformance/server_under_test.hpp"
#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {

ConnectOptions patient() {
  ConnectOptions options;
  options.connect_timeout = Milliseconds(20'000);
  options.command_timeout = Milliseconds(20'000);
  return options;
}

StoreUnderTest::StoreUnderTest()
    : prefix_("exclusive-lock-test-" + std::to_string(std::random_device{}())) {}

std::string StoreUnderTest::key(std::string_view name) const { return record_key(prefix_, name); }

std::vector<StoreKind> stores_to_test() {
  std::vector<StoreKind> kinds{
      {.name = "memory", .has_real_time = false, .open = memory_under_scripted_clocks},
      {.name = "memory_real_time", .open = memory_in_real_time},
      {.name = "local", .open = local_in_a_temporary_folder}};
  for (const live::ServerKind kind : live::servers_to_test()) {
    kinds.push_back({.name = std::string(live::name_of(kind)) + "_server",
                     .open = [kind] { return own_server(kind); }});
  }
  if (const char* url = std::getenv("EXCLUSIVE_LOCK_TEST_URL"); url != nullptr && *url != '\0') {
    kinds.push_back(
        {.name = "url", .open = [url = std::string(url)] { return running_server(url); }});
  }
  return kinds;
}

}  // namespace exclusive_lock::conformance
