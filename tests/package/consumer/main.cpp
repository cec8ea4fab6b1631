// consumer STORE_URL: two objects compete for one lock. Exit code 0 if it went as it should.
#include <exclusive_lock/exclusive_lock.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: consumer STORE_URL\n";
    return 2;
  }
  const auto store = exclusive_lock::connect(argv[1]);
  exclusive_lock::ExclusiveLock first({.app_name = "packaged", .cache_connection = store});
  exclusive_lock::ExclusiveLock second({.app_name = "packaged", .cache_connection = store});
  if (!first.acquire() || second.acquire() || !first.inspect()) {
    std::cerr << "the first of two has to get the lock, and only the first\n";
    return 1;
  }
  const exclusive_lock::Fence fence = first.fence().value();
  first.release();
  if (!second.acquire() || second.fence().value() <= fence) {
    std::cerr << "after a release the next one has to get it, with a higher fence\n";
    return 1;
  }
  try {
    (void)exclusive_lock::connect("nonsense:");
  } catch (const exclusive_lock::ValidationError& error) {
    // Caught by its type, so that type crossed the border of the library whole.
    std::cout << "fence " << second.fence().value().value << ", and " << error.what() << '\n';
    return 0;
  }
  std::cerr << "a URL that makes no sense has to be refused\n";
  return 1;
}
