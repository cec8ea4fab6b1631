// Holds two locks at once with std::scoped_lock.
#include <cstdio>
#include <exclusive_lock/exclusive_lock.hpp>
#include <mutex>

int main(int argc, char** argv) {
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:");
  exclusive_lock::ExclusiveLock from({.app_name = "account/17", .cache_connection = store});
  exclusive_lock::ExclusiveLock to({.app_name = "account/42", .cache_connection = store});

  // Uses try_lock() and backs off, so two workers cannot deadlock.
  const std::scoped_lock both(from, to);
  std::printf("both held: %s\n", from.held() && to.held() ? "yes" : "no");
}
