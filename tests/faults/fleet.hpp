#pragma once
// Several worker processes (worker.cpp) that compete for one lock, what is done to them, and what
// they wrote down.
//
//   Fleet fleet({.url = server.url()});
//   fleet.start();
//   fleet.suffer("flushall", Data::lost, [&] { server.client().must({"FLUSHALL"}); });
//   fleet.await_turns();
//   EXPECT_EQ(text_of(fleet.verdict()), "");
//
// Waits end as soon as their condition is there; where it does not come within `max_wait` they
// throw std::runtime_error, with what the workers said on stderr.
//
// Not thread-safe. Nothing outlives a fleet: its destructor kills the workers, and so does the
// kernel when the thread that started them ends.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults/checker.hpp"
#include "faults/guarded_register.hpp"
#include "faults/history.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {

struct FleetOptions {
  std::string url{};
  int workers = 3;
  std::chrono::milliseconds ttl{600};
  std::chrono::milliseconds refresh{150};
  std::chrono::milliseconds work{10};
  std::vector<std::string> environment{};  // in front of our own: {"NAME=value"}
};

class Fleet {
 public:
  // What a condition may take on a machine that is busy with other things.
  static constexpr std::chrono::seconds max_wait{30};
  // One that no fault kills, so that it can be looked at how it bears all of them.
  static constexpr int veteran = 1;

  explicit Fleet(FleetOptions options);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Starts all of them and waits until each is connected and one has the lock.
  void start();
  // Waits until each worker that lives, and is not stopped, has taken the lock once more.
  void await_turns();
  // Waits until somebody holds it for long, who has just begun. Its number, which is not `but`.
  int await_long_holder(int but = 0);
  // Waits until the long hold of this worker is nearly over. False: it is over.
  bool await_near_end(int holder);
  // Waits until the hold that this worker has just now is lost.
  void await_loss(int holder);
  // Waits until somebody takes it; until this worker does.
  void await_new_hold();
  void await_hold_of(int worker);
  // Waits until a call told somebody of this failure; only what was told after `since` counts.
  void await_failure(errc code, Instant since);
  // Waits until each has either taken the lock since, or been told of this failure.
  void await_turns_or_failure(errc code, Instant since);
  // Until `condition` is true; `what` is told where it does not come.
  void await(const std::string& what, const std::function<bool()>& condition);
  // Until that much time has passed.
  static void pass(std::chrono::milliseconds time);

  // Does something, and writes down that and when. Returns when it has been undone.
  void suffer(const std::string& name, Data data, const std::function<void()>& fault);

  // SIGSTOP of a worker, in a hold that goes on, or of one that waits; never inside the register,
  // nor while `is_in_the_way` says that it stops others for another reason. Gives its number.
  using InTheWay = std::function<bool()>;
  int stop_holder(const InTheWay& is_in_the_way);
  int stop_waiter(const InTheWay& is_in_the_way);
  // False: it would stop others too, and goes on.
  bool try_stop(int number, const InTheWay& is_in_the_way);
  void resume(int worker);
  // Stops all that live, wherever they are, does something, and lets them go on.
  void while_all_stand(const std::function<void()>& what);
  // SIGKILL; waits for the end. start_again() gives it a successor of the same number.
  void kill(int worker);
  void start_again(int worker);
  // Makes a worker do a deed of worker.cpp in a hold, and waits until it begins with it; or also
  // until it has ended of it.
  void make_do(int worker, const std::string& deed);
  void make_end(int worker, const std::string& deed);
  // A file of this name in the folder of the workers tells them something (worker.cpp,
  // worker_disk.hpp).
  void wish(const std::string& name);
  [[nodiscard]] bool is_wished(const std::string& name) const;
  void end_wish(const std::string& name);
  // One that waits just now.
  int a_waiter();

  [[nodiscard]] const FleetOptions& options() const noexcept { return options_; }
  [[nodiscard]] pid_t pid(int worker) const { return workers_.at(worker).pid; }
  [[nodiscard]] std::vector<int> living() const;
  // Whether it has written down that it holds, and not yet that this is over.
  [[nodiscard]] bool holds_open(int number);
  // How many holds there have been.
  [[nodiscard]] std::size_t holds();
  // What they have written so far.
  [[nodiscard]] History history() const;

  // Ends all workers by the end of their input; throws where one ends in any other way than well.
  // Then all that the checker finds wrong with the whole history, every living worker being one
  // that must have recovered.
  std::vector<std::string> verdict();

 private:
  struct Worker {
    pid_t pid = 0;   // 0: not running
    int input = -1;  // its standard input; closed to end it
    bool is_stopped = false;
  };

  static constexpr std::chrono::milliseconds look_pause{2};  // between two looks at a condition

  void launch(int number);
  [[nodiscard]] std::filesystem::path diary(int number) const;
  DiaryReader& reader(int number);
  std::vector<Hold> last_holds();
  std::size_t holds_of(int number);
  void finish();
  void signal(int number, int what);
  [[nodiscard]] bool has_been_told(int number, errc code, Instant since);
  [[nodiscard]] bool has_held(int number, Instant since);
  void expect_alive();
  // What may tell why something did not come.
  std::string complaints();

  FleetOptions options_;
  live::TemporaryDirectory folder_;
  GuardedRegister register_;
  std::map<int, Worker> workers_;
  std::map<int, DiaryReader> readers_;
  std::vector<Fault> faults_;
};

}  // namespace exclusive_lock::faults
