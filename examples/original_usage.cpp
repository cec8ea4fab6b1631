// The original's usage, in C++: of all workers that run this, one does the work.
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
      .lock_ttl = 3000ms,      // the record outlives its last refresh by this
      .lock_refresh = 1000ms,  // and is refreshed this often while it is held
      .lock_contents = exclusive_lock::Contents::object({{"pod", "a-1"}, {"shard", 7}}),
  });

  if (lock.acquire()) {
    if (const auto fence = lock.fence())  // none: the hold is over already
      log->info("you win the race; fence {}", fence->value);
  } else if (const auto holder = lock.inspect()) {
    // Written by somebody else, so it may be anything: no JSON, or control characters.
    const auto& contents = holder->contents ? holder->contents->text() : holder->raw;
    log->info("held by {} with {}", printable(holder->host), printable(contents));
  }
  lock.release();  // idempotent, and a no-op for whoever does not hold the lock
}
