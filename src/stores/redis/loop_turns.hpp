#pragma once
// Whose turn it is to run an event loop: its own thread's, that of a guest, a thread that waits for
// an answer anyway, or that of a visitor, who runs what is ready and goes. The table and the
// reasons are in event_loop.hpp.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "stores/awaited.hpp"
#include "stores/visit.hpp"

namespace exclusive_lock::redis {

class LoopTurns {
 public:
  // One thread at a time calls `run`, which returns when there will never be anything to do again,
  // or soon after `stop`, which any thread may call, or `run_ready`, which does not wait for
  // anything, and tells whether there was something; `restart` comes before each of them. That
  // thread also says whether visitors are to be told of news.
  struct Loop {
    std::function<void()> run;
    std::function<bool()> run_ready;
    std::function<void()> stop;
    std::function<void()> restart;
    std::function<void(bool)> tell_visitors;
  };

  explicit LoopTurns(Loop loop) : loop_(std::move(loop)) {}

  // The own thread's life: returns when there will never be anything to do again.
  void serve();
  // A guest's: calls `begin`, and returns when `end` has come.
  void wait(const std::function<void()>& begin, Awaited& end);
  // A visitor's: calls `begin`, and will visit() for what that hands in.
  void hand_in(const std::function<void()>& begin);
  // Runs what is ready, unless it is somebody else's turn, who does it then. True: nobody runs the
  // loop now, and visitors are told of news, for which one of them should come.
  bool visit(VisitFor what);
  // To be called after something was handed in to the loop, on whatever thread.
  void handed_in();
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
  void end_turn(Guest& guest);
  void end_came(Guest& guest);
  void leave(Guest& guest);
  void leave_to_nobody();

  bool ask_own_thread_to_leave();
  void tell_visitors(bool of_news);

  void await_own_turn(Lock& lock);
  void leave_to_visitors(Lock& lock);
  void need_own_thread();
  void run(Lock& lock);
  bool run_ready(Lock& lock);
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
  bool leaves_to_visitors_ = false;     // its present turn

  Guest* running_ = nullptr;        // none: it is a visitor
  Guest* asking_ = nullptr;         // gets the turn of the own thread
  int guests_ = 0;                  // that are here
  int alone_in_a_row_ = 0;          // that found no other one here; visitors too
  unsigned turns_of_guests_ = 0;    // so many are over; those of visitors too
  bool visitors_are_told_ = false;  // of news
};

}  // namespace exclusive_lock::redis
