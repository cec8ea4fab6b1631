#include "stores/redis/loop_turns.hpp"

#include <chrono>

namespace exclusive_lock::redis {
namespace {

// How often the own thread looks whether guests still come. What nobody waits for may lie about for
// twice as long. A guest that stays away for longer has to ask for its turn back: two switches,
// which a lock that is held for so long does not notice.
constexpr std::chrono::milliseconds look_pause{4};
// A guest that was running the loop at so many looks in a row waits for long: it wakes the own
// thread when it leaves.
constexpr int most_looks = 50;
// So many guests have to come one at a time before one of them gets the own thread's turn: to give
// it away costs two switches, and is of use to a thread that comes again and again.
constexpr int guests_before_turn = 4;

// What this thread is just now beginning to wait for, or will visit. What it hands in meanwhile is
// looked after.
thread_local const void* hands_in_to = nullptr;

class HandsIn {
 public:
  explicit HandsIn(const void* turns) { hands_in_to = turns; }
  ~HandsIn() { hands_in_to = nullptr; }
  HandsIn(const HandsIn&) = delete;
  HandsIn& operator=(const HandsIn&) = delete;
};

}  // namespace

struct LoopTurns::Guest {
  std::condition_variable news;  // it is its turn, or its end has come
  bool is_over = false;
};

class LoopTurns::Stay {
 public:
  Stay(LoopTurns& turns, Guest& guest, Awaited& end) : turns_(turns), guest_(guest), end_(end) {
    turns_.come_in(guest_);
    end_.tell([&turns, &guest] { turns.end_came(guest); });
  }
  ~Stay() {
    end_.tell(nullptr);
    turns_.leave(guest_);
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

 private:
  LoopTurns& turns_;
  Guest& guest_;
  Awaited& end_;
};

// --- guests ---

void LoopTurns::wait(const std::function<void()>& begin, Awaited& end) {
  Guest guest;
  const Stay stay(*this, guest, end);
  hand_in(begin);
  await_end(guest);
}

// It has its turn before it begins anything, so that what it hands in wakes nobody.
void LoopTurns::come_in(Guest& guest) {
  const std::lock_guard guard(mutex_);
  ++guests_;
  alone_in_a_row_ = guests_ == 1 ? alone_in_a_row_ + 1 : 0;
  if (runner_ == Runner::nobody && guests_ == 1 && !is_finishing_) {
    give_turn(guest);
  }
}

void LoopTurns::await_end(Guest& guest) {
  Lock lock(mutex_);
  while (!guest.is_over) {
    if (running_ != &guest) {
      ask_for_turn(guest);
      guest.news.wait(lock, [&] { return guest.is_over || running_ == &guest; });
    } else if (is_finishing_) {
      end_turn(guest);
    } else {
      run(lock);
    }
  }
}

void LoopTurns::ask_for_turn(Guest& guest) {
  if (runner_ == Runner::nobody) {
    need_own_thread();
  } else if (runner_ == Runner::own_thread && guests_ == 1 && !is_finishing_ &&
             alone_in_a_row_ > guests_before_turn) {
    asking_ = &guest;
    stop();
  }
}

void LoopTurns::give_turn(Guest& guest) {
  runner_ = Runner::guest;
  runs_on_ = {};  // not yet
  running_ = &guest;
  guest.news.notify_one();
}

void LoopTurns::end_turn(Guest& guest) {
  if (running_ == &guest) {
    running_ = nullptr;
    leave_to_nobody();
  }
}

void LoopTurns::leave_to_nobody() {
  runner_ = Runner::nobody;
  ++turns_of_guests_;
  if (guests_ > 0 || own_is_needed_ || is_finishing_) {
    need_own_thread();
  } else if (own_sleeps_long_) {
    own_thread_.notify_one();
  }
}

void LoopTurns::end_came(Guest& guest) {
  const std::lock_guard guard(mutex_);
  guest.is_over = true;
  if (running_ == &guest) {
    stop();
  }
  guest.news.notify_one();  // under the mutex: it is gone as soon as it knows
}

void LoopTurns::leave(Guest& guest) {
  const std::lock_guard guard(mutex_);
  --guests_;
  if (asking_ == &guest) {
    asking_ = nullptr;
  }
  end_turn(guest);
}

// --- visitors ---

void LoopTurns::hand_in(const std::function<void()>& begin) {
  const HandsIn mark(this);
  begin();
}

bool LoopTurns::visit(VisitFor what) {
  Lock lock(mutex_);
  alone_in_a_row_ = guests_ == 0 ? alone_in_a_row_ + 1 : 0;
  if (is_finishing_ || own_is_needed_) {
    return false;
  }
  if (runner_ == Runner::own_thread) {
    return ask_own_thread_to_leave();
  }
  if (runner_ == Runner::guest) {
    own_is_needed_ = true;
    return false;
  }
  runner_ = Runner::guest;
  // Without anything there, what told of news may go on doing so for ever.
  const bool goes_on = run_ready(lock) || what == VisitFor::handed_in;
  tell_visitors(goes_on);
  leave_to_nobody();
  return goes_on;
}

bool LoopTurns::ask_own_thread_to_leave() {
  if (was_stopped_) {
    others_handed_in_ = true;  // it may have left the loop already
    return false;
  }
  if (guests_ > 0 || alone_in_a_row_ <= guests_before_turn) {
    return false;
  }
  leaves_to_visitors_ = true;
  stop();
  return true;
}

void LoopTurns::tell_visitors(bool of_news) {
  if (std::exchange(visitors_are_told_, of_news) != of_news) {
    loop_.tell_visitors(of_news);
  }
}

// --- the own thread ---

void LoopTurns::serve() {
  Lock lock(mutex_);
  for (;;) {
    await_own_turn(lock);
    runner_ = Runner::own_thread;
    own_is_needed_ = false;
    others_handed_in_ = false;
    tell_visitors(false);
    run(lock);
    if (std::exchange(leaves_to_visitors_, false)) {
      leave_to_visitors(lock);
    }
    runner_ = Runner::nobody;
    if (!was_stopped_) {
      return;
    }
    own_is_needed_ = others_handed_in_;  // what they wait for comes after the guest's turn
    if (Guest* next = std::exchange(asking_, nullptr)) {
      give_turn(*next);
    }
  }
}

void LoopTurns::await_own_turn(Lock& lock) {
  unsigned seen = turns_of_guests_ - 1;
  int looks = 0;
  const auto is_own = [&] {
    return runner_ == Runner::nobody &&
           (own_is_needed_ || is_finishing_ || turns_of_guests_ == seen);
  };
  while (!is_own()) {
    looks = turns_of_guests_ == seen ? looks + 1 : 0;
    seen = turns_of_guests_;
    if (looks < most_looks) {
      own_thread_.wait_for(lock, look_pause);
    } else {
      own_sleeps_long_ = true;
      own_thread_.wait(lock);
      own_sleeps_long_ = false;
    }
  }
}

// It was stopped before it had done what they handed in.
void LoopTurns::leave_to_visitors(Lock& lock) {
  run_ready(lock);
  tell_visitors(true);
}

void LoopTurns::need_own_thread() {
  own_is_needed_ = true;
  own_thread_.notify_one();
}

// --- both ---

void LoopTurns::run(Lock& lock) {
  runs_on_ = std::this_thread::get_id();
  was_stopped_ = false;
  loop_.restart();
  lock.unlock();
  loop_.run();
  lock.lock();
}

bool LoopTurns::run_ready(Lock& lock) {
  runs_on_ = std::this_thread::get_id();
  loop_.restart();
  lock.unlock();
  const bool was_something = loop_.run_ready();
  lock.lock();
  return was_something;
}

void LoopTurns::stop() {
  was_stopped_ = true;
  loop_.stop();
}

void LoopTurns::handed_in() {
  if (hands_in_to == this) {
    return;
  }
  const std::lock_guard guard(mutex_);
  if (runner_ == Runner::nobody) {
    need_own_thread();
  } else if (runs_on_ != std::this_thread::get_id()) {
    (runner_ == Runner::guest ? own_is_needed_ : others_handed_in_) = true;
  }
}

void LoopTurns::finish() {
  const std::lock_guard guard(mutex_);
  is_finishing_ = true;
  need_own_thread();
  if (running_ != nullptr) {
    stop();
  }
}

}  // namespace exclusive_lock::redis
