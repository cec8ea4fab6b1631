#include "stores/redis/loop_turns.hpp"

#include <chrono>

namespace exclusive_lock::redis {
namespace {

// A guest that comes so soon after another is followed by a third.
constexpr std::chrono::milliseconds soon{1};

// What this thread is just now beginning to wait for. What it hands in meanwhile is looked after.
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
  {
    const HandsIn mark(this);
    begin();
  }
  await_end(guest);
}

// It has its turn before it begins anything, so that what it hands in wakes nobody.
void LoopTurns::come_in(Guest& guest) {
  const std::lock_guard guard(mutex_);
  ++guests_;
  if (runner_ == Runner::nobody && guests_ == 1 && !is_own_threads()) {
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
      end_turn(lock, guest);
    } else {
      run(lock);
    }
  }
}

// What it handed in is done by whoever runs the loop, if that one does not leave just now.
void LoopTurns::ask_for_turn(Guest& guest) {
  if (runner_ == Runner::nobody) {
    need_own_thread();
  } else if (runner_ != Runner::own_thread) {
    own_is_needed_ = true;
  } else if (guests_ == 1) {
    asking_ = &guest;
  } else {
    others_handed_in_ = true;
  }
}

void LoopTurns::give_turn(Guest& guest) {
  runner_ = Runner::guest;
  runs_on_ = {};  // not yet
  running_ = &guest;
  was_visited_ = true;
  tell(Told::nobody);
  guest.news.notify_one();
}

// Nobody would be told of what was handed in when it was stopped.
void LoopTurns::end_turn(Lock& lock, Guest& guest) {
  if (running_ == &guest) {
    running_ = nullptr;
    run_ready(lock, loop_.run_handed_in);
    leave_to_nobody(told_after_guest());
  }
}

Told LoopTurns::told_after_guest() {
  const Instant now = BootClock::now();
  return now - std::exchange(guest_left_at_, now) < soon ? Told::guests : Told::own_thread;
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
  Lock lock(mutex_);
  --guests_;
  if (asking_ == &guest) {
    asking_ = nullptr;
    others_handed_in_ = true;
  }
  end_turn(lock, guest);
}

// --- the own thread ---

void LoopTurns::serve() {
  Lock lock(mutex_);
  do {
    await_own_turn(lock);
  } while (take_own_turn(lock));
}

void LoopTurns::await_own_turn(Lock& lock) {
  bool has_news = false;
  while (runner_ != Runner::nobody || !(has_news || is_own_threads())) {
    lock.unlock();
    loop_.await_news();
    lock.lock();
    has_news = true;
  }
}

// False: there will never be anything to do again.
bool LoopTurns::take_own_turn(Lock& lock) {
  runner_ = Runner::own_thread;
  own_is_needed_ = false;
  others_handed_in_ = false;
  if (staying_ > 0 || is_finishing_) {
    tell(Told::nobody);
    run(lock);
    if (!was_stopped_) {
      return false;
    }
  } else {
    run_ready(lock, loop_.run_ready);
  }
  // Where it was stopped, something may be ready still.
  own_is_needed_ = own_is_needed_ || others_handed_in_ || was_stopped_;
  const Told told =
      told_ != Told::nobody && std::exchange(was_visited_, false) ? told_ : Told::own_thread;
  runner_ = Runner::nobody;
  tell(told);
  if (Guest* next = std::exchange(asking_, nullptr); next != nullptr && !is_finishing_) {
    give_turn(*next);
  }
  return true;
}

bool LoopTurns::is_own_threads() const { return own_is_needed_ || staying_ > 0 || is_finishing_; }

void LoopTurns::need_own_thread() {
  own_is_needed_ = true;
  loop_.ring();
}

// --- all ---

void LoopTurns::run(Lock& lock) {
  runs_on_ = std::this_thread::get_id();
  was_stopped_ = false;
  loop_.restart();
  lock.unlock();
  loop_.run();
  lock.lock();
}

bool LoopTurns::run_ready(Lock& lock, const std::function<bool()>& ready) {
  runs_on_ = std::this_thread::get_id();
  was_stopped_ = false;
  loop_.restart();
  lock.unlock();
  const bool was_something = ready();
  lock.lock();
  return was_something;
}

void LoopTurns::stop() {
  was_stopped_ = true;
  loop_.stop();
}

void LoopTurns::leave_to_nobody(Told told) {
  runner_ = Runner::nobody;
  tell(told);
  if (guests_ > 0 || is_own_threads()) {
    need_own_thread();
  }
}

void LoopTurns::tell(Told told) {
  told_ = told;
  loop_.tell(told);
}

void LoopTurns::handed_in() {
  if (hands_in_to == this) {
    return;
  }
  const std::lock_guard guard(mutex_);
  if (runner_ == Runner::nobody) {
    need_own_thread();
  } else if (runner_ == Runner::own_thread) {
    others_handed_in_ = others_handed_in_ || runs_on_ != std::this_thread::get_id();
  } else if (runs_on_ != std::this_thread::get_id()) {
    own_is_needed_ = true;
  }
}

void LoopTurns::begin_staying() {
  const std::lock_guard guard(mutex_);
  ++staying_;
}

void LoopTurns::end_staying() {
  const std::lock_guard guard(mutex_);
  if (--staying_ == 0 && runner_ == Runner::own_thread && !is_finishing_) {
    stop();
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
