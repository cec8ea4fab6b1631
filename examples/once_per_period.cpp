// Many hosts start this program in the same minute. One does the work, the others skip it.
#include <cstdio>
#include <exclusive_lock/once.hpp>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:");
  const auto run = [&] {
    return exclusive_lock::once({.app_name = "nightly", .cache_connection = store}, 24h,
                                [](exclusive_lock::ExclusiveLock& lock) {
                                  std::printf("done under fence %llu\n",
                                              static_cast<unsigned long long>(lock.fence()->value));
                                });
  };
  const auto first = run();
  const auto second = run();  // as another host would
  std::printf("the first %s, the second %s\n",
              first == exclusive_lock::OnceOutcome::ran ? "ran" : "did not run",
              second == exclusive_lock::OnceOutcome::skipped ? "was skipped" : "ran too");
}
