#include "runtime/scheduler.hpp"

#include <iterator>
#include <utility>

#include "runtime/cache_warming.hpp"

namespace exclusive_lock {
namespace {

class Task final : public Scheduler::Alarm {
 public:
  explicit Task(std::function<void()> task) : task_(std::move(task)) {}
  void ring() override { task_(); }

 private:
  std::function<void()> task_;
};

}  // namespace

Scheduler::Scheduler(const ClockSource& clock, Waker& waker, std::function<void()> after_round)
    : clock_(clock), waker_(waker), after_round_(std::move(after_round)) {
  waker_.start([this] { round(); });
}

Scheduler::~Scheduler() { stop(); }

bool Scheduler::set(Instant when, const Timer& alarm) {
  Timer dropped;  // goes after the mutex is free: it may own what calls us back
  const std::lock_guard guard(mutex_);
  if (stopped_)
    return false;
  dropped = take_out(*alarm);
  Together& together = alarms_[when];
  together.push_back(alarm);
  alarm->is_set_ = true;
  alarm->when_ = when;
  alarm->place_ = together.size() - 1;
  if (together.size() == 1 && alarms_.begin()->first == when)
    waker_.set(when);
  return true;
}

Scheduler::Timer Scheduler::at(Instant when, std::function<void()> task) {
  auto alarm = std::make_shared<Task>(std::move(task));
  return set(when, alarm) ? std::move(alarm) : nullptr;
}

void Scheduler::cancel(const Timer& alarm) {
  if (!alarm)
    return;
  Timer dropped;  // as above
  const std::lock_guard guard(mutex_);
  dropped = take_out(*alarm);
}

// The last one takes its place. Null where it is not set.
Scheduler::Timer Scheduler::take_out(Alarm& alarm) {
  if (!std::exchange(alarm.is_set_, false))
    return nullptr;
  const auto at = alarms_.find(alarm.when_);
  Together& together = at->second;
  Timer taken = std::move(together[alarm.place_]);
  if (alarm.place_ + 1 < together.size()) {
    together[alarm.place_] = std::move(together.back());
    together[alarm.place_]->place_ = alarm.place_;
  }
  together.pop_back();
  if (together.empty())
    alarms_.erase(at);
  return taken;
}

void Scheduler::stop() {
  std::map<Instant, Together> dropped;
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    dropped.swap(alarms_);
    for (const auto& [when, together] : dropped) {
      for (const Timer& alarm : together)
        alarm->is_set_ = false;
    }
  }
  waker_.stop();
}

void Scheduler::round() {
  rings_on_ = std::this_thread::get_id();
  run_due();
  rings_on_ = std::thread::id{};
  after_round_();
}

void Scheduler::run_due() {
  const Together due = take_due();
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (i + 2 * warmed_ahead < due.size())
      warm_object(due[i + 2 * warmed_ahead].get());
    if (i + warmed_ahead < due.size())
      due[i + warmed_ahead]->will_ring();
    due[i]->ring();
  }
}

// Those of the past and of now, in order; the timer is set to the next one.
Scheduler::Together Scheduler::take_due() {
  const std::lock_guard guard(mutex_);
  const auto end = alarms_.upper_bound(clock_.now());
  Together due;
  for (auto at = alarms_.begin(); at != end; ++at) {
    for (const Timer& alarm : at->second)
      alarm->is_set_ = false;
    if (due.empty()) {
      due = std::move(at->second);
    } else {
      std::move(at->second.begin(), at->second.end(), std::back_inserter(due));
    }
  }
  alarms_.erase(alarms_.begin(), end);
  if (!alarms_.empty())
    waker_.set(alarms_.begin()->first);
  return due;
}

}  // namespace exclusive_lock
