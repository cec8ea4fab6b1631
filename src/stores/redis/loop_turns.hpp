#pragma once
// Whose turn it is to run an event loop: its own thread's, or that of a guest, a thread that waits
// for an answer anyway. The table and the reasons are in event_loop.hpp.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "stores/awaited.hpp"

namespace exclusive_lock::redis {

class LoopTurns {
 public:
  // One thread at a time calls `run`, which returns when there will never be anything to do again,
  // or soon after `stop`, which any thread may call; `restart` comes before each `run`.
  struct Loop {
    std::function<void()> run;
    std::function<void()> stop;
    std::function<void()> restart;
  };

  explicit LoopTurns(Loop loop) : loop_(std::move(loop)) {}

  // The own thread's life: returns when there will never be anything to do again.
  void serve();
  // A guest's: calls `begin`, and returns when `end` has come.
  void wait(const std::function<void()>& begin, Awaited& end);
  // To be called after something was handed in to the loop, on whatever thread.
  void handed_in();
  // No guest runs the loop from now on.
  void finish();

 private:
  enum class Runner { nobody, own_thread, guest };
  struct Guest;
  class Visit;
  using Lock = std::unique_lock<std::mutex>;

  void come_in(Guest& guest);
  void await_end(Guest& guest);
  void ask_for_turn(Guest& guest);
  void give_turn(Guest& guest);
  void end_turn(Guest& guest);
  void end_came(Guest& guest);
  void leave(Guest& guest);

  void await_own_turn(Lock& lock);
  void need_own_thread();
  void run(Lock& lock);
  void stop();

  const Loop loop_;
  std::mutex mutex_;
  Runner runner_ = Runner::nobody;
  std::thread::id runs_on_;
  bool was_stopped_ = false;  // in the present turn
  bool is_finishing_ = false;

  std::condition_variable own_thread_;  // what it sleeps on while it does not run the loop
  bool own_is_needed_ = true;           // it is next when nobody runs the loop
  bool own_sleeps_long_ = false;        // it does not look whether guests still come
  bool others_handed_in_ = false;       // in its present turn: threads that are no guests

  Guest* running_ = nullptr;
  Guest* asking_ = nullptr;       // gets the turn of the own thread
  int guests_ = 0;                // that are here
  int alone_in_a_row_ = 0;        // that found no other one here
  unsigned turns_of_guests_ = 0;  // so many are over
};

}  // namespace exclusive_lock::redis
