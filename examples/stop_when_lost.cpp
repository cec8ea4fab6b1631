// A worker that waits for the lock, stops when the hold is lost, and passes its fence to the
// resource, which checks it.
#include <chrono>
#include <cstdio>
#include <exclusive_lock/exclusive_lock.hpp>
#include <thread>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:");
  exclusive_lock::ExclusiveLock lock(
      {.app_name = "ledger", .cache_connection = store, .label = "example"});
  exclusive_lock::FenceGate ledger;  // the resource; refuses earlier holders

  if (!lock.acquire_for(10s)) {
    std::puts("the lock was busy for ten seconds");
    return 1;
  }
  const std::stop_token lost = lock.lost_token();
  for (int entry = 1; entry <= 5 && !lost.stop_requested(); ++entry) {
    const auto fence = lock.fence();
    if (!fence || !ledger.admit(*fence))
      break;
    std::printf("entry %d under fence %llu\n", entry,
                static_cast<unsigned long long>(fence->value));
    std::this_thread::sleep_for(50ms);  // the work
  }
  return lost.stop_requested() ? 1 : 0;  // the destructor releases the lock
}
