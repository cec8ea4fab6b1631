// Row i: `exclusive-lock run NAME -- true` from start to end. Plain floor: `flock FILE true`.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "live/temporary_directory.hpp"
#include "pairs.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

// Throws unless it ends with 0.
void run_command(const std::vector<std::string>& words) {
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (std::string& word : copies) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (failed != 0) {
    throw std::system_error(failed, std::generic_category(), words.front());
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) {
    throw std::runtime_error(words.front() + " failed");
  }
}

double run_ms(std::chrono::milliseconds slice, const std::vector<std::string>& words) {
  constexpr double us_per_ms = 1000;
  return median_us(slice, [&] { run_command(words); }) / us_per_ms;
}

}  // namespace

void measure_command(Bench& bench) {
  const live::TemporaryDirectory folder;
  const std::vector<std::string> floor{"flock", (folder.path() / "flock").string(), "true"};
  const auto run_with = [&](const std::string& store) {
    return std::vector<std::string>{
        bench.programs().command.string(), "--store", store, "run", "bench", "--", "true"};
  };
  const auto slice = 2 * bench.effort().slice;

  Measurement local{.row = "i",
                    .what = "`run NAME -- true`, local:, p50",
                    .unit = "ms",
                    .goal = Goal{Aspect::over_plain, Bound::at_most, 2}};
  const auto on_local = run_with("local://" + (folder.path() / "store").string());
  bench.interleave(local, {.ours = [&] { return run_ms(slice, on_local); },
                           .plain = [&] { return run_ms(slice, floor); }});
  bench.tell(local);

  Measurement redis{.row = "i",
                    .what = "`run NAME -- true`, redis:, p50",
                    .unit = "ms",
                    .goal = Goal{Aspect::over_plain, Bound::at_most, 3.2}};
  const auto on_redis = run_with(bench.server().url());
  bench.interleave(redis, {.ours = [&] { return run_ms(slice, on_redis); },
                           .plain = [&] { return run_ms(slice, floor); }});
  bench.tell(redis);
}

}  // namespace exclusive_lock::bench
