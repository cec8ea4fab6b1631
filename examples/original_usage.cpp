// The example of the original package, in C++: of all workers that run it, one gets the lock.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exclusive_lock/exclusive_lock.hpp>
#include <exclusive_lock/printable.hpp>

int main(int argc, char** argv) {
  using exclusive_lock::printable;
  using namespace std::chrono_literals;
  const auto log = spdlog::stderr_color_mt("worker");
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:", {.log = log});

  exclusive_lock::ExclusiveLock lock({
      .app_name = "my-distributed-app",
      .log = log,
      .cache_connection = store,
      .lock_ttl = 3000ms,      // how long the record lives without a refresh
      .lock_refresh = 1000ms,  // the interval between refreshes
      .lock_contents = exclusive_lock::Contents::object({{"pod", "a-1"}, {"shard", 7}}),
  });

  if (lock.acquire()) {
    if (const auto fence = lock.fence())  // none: the hold is over already
      log->info("you win the race; fence {}", fence->value);
  } else if (const auto holder = lock.inspect()) {
    // Another program may have written the record: it need not be JSON or printable.
    const auto& contents = holder->contents ? holder->contents->text() : holder->raw;
    log->info("held by {} with {}", printable(holder->host), printable(contents));
  }
  lock.release();  // idempotent; no effect if this object does not hold the lock
}
