#pragma once
// Whose turn it is to run an event loop: its own thread's, or that of a guest, a thread that waits
// for an answer anyway. The table and the reasons are in event_loop.hpp.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "exclusive_lock/clock.hpp"
#include "stores/awaited.hpp"

namespace exclusive_lock::redis {

// Who hears of what comes over the network and of alarms while nobody runs the loop. Guests hear of
// nothing: the next one is expected so soon that it is not worth two system calls to have the own
// thread told meanwhile.
enum class Told { nobody, own_thread, guests };

class LoopTurns {
 public:
  // One thread at a time, whose turn it is, calls
  //   run        which returns when there will never be anything to do again, or soon after `stop`
  //   run_ready  which does not wait, and says whether there was something to do
  //   run_handed_in  the same without a look at the network
  //   tell       who hears of news from now on
  // and `restart` before each of the first three. The own thread calls `await_news`, which returns
  // when there are some that it is to hear of, when guests that were told have not come for a few
  // milliseconds, or after `ring`. Any thread may call `stop` and `ring`.
  struct Loop {
    std::function<void()> run;
    std::function<bool()> run_ready;
    std::function<bool()> run_handed_in;
    std::function<void(Told)> tell;
    std::function<void()> stop;
    std::function<void()> restart;
    std::function<void()> await_news;
    std::function<void()> ring;
  };

  explicit LoopTurns(Loop loop) : loop_(std::move(loop)) {}

  // The own thread's life: returns when there will never be anything to do again.
  void serve();
  // A guest's: calls `begin`, and returns when `end` has come.
  void wait(const std::function<void()>& begin, Awaited& end);
  // To be called after something was handed in to the loop, on whatever thread.
  void handed_in();
  // In a turn: there is from now on, or no longer, something of which nobody can be told, so that
  // somebody has to stay in the loop. As often the one as the other.
  void begin_staying();
  void end_staying();
  // No guest runs the loop from now on.
  void finish();

 private:
  enum class Runner { nobody, own_thread, guest };
  struct Guest;
  class Stay;
  using Lock = std::unique_lock<std::mutex>;

  void come_in(Guest& guest);
  void await_end(Guest& guest);
  void ask_for_turn(Guest& guest);
  void give_turn(Guest& guest);
  void end_turn(Lock& lock, Guest& guest);
  void end_came(Guest& guest);
  void leave(Guest& guest);

  void await_own_turn(Lock& lock);
  bool take_own_turn(Lock& lock);
  [[nodiscard]] bool is_own_threads() const;
  void need_own_thread();

  void run(Lock& lock);
  bool run_ready(Lock& lock, const std::function<bool()>& ready);
  [[nodiscard]] Told told_after_guest();
  void stop();
  void leave_to_nobody(Told told);
  void tell(Told told);

  const Loop loop_;
  std::mutex mutex_;
  Runner runner_ = Runner::nobody;
  std::thread::id runs_on_;
  bool was_stopped_ = false;  // in the present turn
  bool is_finishing_ = false;
  int staying_ = 0;
  Told told_ = Told::nobody;

  bool own_is_needed_ = true;      // it is next when nobody runs the loop
  bool others_handed_in_ = false;  // in its present turn

  Guest* running_ = nullptr;
  Guest* asking_ = nullptr;   // gets the turn after the own thread's
  int guests_ = 0;            // that are here
  bool was_visited_ = false;  // by a guest, since the own thread's last turn
  Instant guest_left_at_{};   // the last one
};

}  // namespace exclusive_lock::redis
