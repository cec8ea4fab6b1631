#include "contest.hpp"

#include <algorithm>
#include <set>

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;

// A process with a connection starts in some 10 ms; a hundred at once on a busy machine take
// longer.
constexpr auto start_limit = 120s;
// Beyond the end of a round: the last holders release, the last waiters give up.
constexpr auto end_limit = 30s;

struct Event {
  std::int64_t at_ns;
  bool is_entry;
  const JournalLine* line;
};

std::vector<Event> events_of(const std::vector<JournalLine>& lines) {
  std::vector<Event> events;
  for (const JournalLine& line : lines) {
    events.push_back({line.requested_at_ns, false, &line});
    if (line.entered_at_ns != 0) {
      events.push_back({line.entered_at_ns, true, &line});
    }
  }
  std::ranges::sort(events, {}, &Event::at_ns);
  return events;
}

double share_in_order(const std::vector<JournalLine>& lines) {
  std::multiset<std::int64_t> waiting;  // when they came
  std::size_t entries = 0;
  std::size_t in_order = 0;
  for (const Event& event : events_of(lines)) {
    const std::int64_t came_at = event.line->requested_at_ns;
    if (!event.is_entry) {
      waiting.insert(came_at);
      continue;
    }
    ++entries;
    in_order += *waiting.begin() == came_at ? 1 : 0;
    waiting.erase(waiting.find(came_at));
  }
  return entries == 0 ? 0 : static_cast<double>(in_order) / static_cast<double>(entries);
}

enum class Tries { first, later };

std::vector<JournalLine> only(Tries tries, std::vector<JournalLine> lines) {
  std::ranges::sort(lines, {}, &JournalLine::requested_at_ns);
  std::set<std::int64_t> seen;
  std::erase_if(lines, [&](const JournalLine& line) {
    return seen.insert(line.client).second != (tries == Tries::first);
  });
  return lines;
}

}  // namespace

ContestResult judge(std::vector<JournalLine> lines, std::size_t clients) {
  ContestResult result;
  std::ranges::sort(lines, {}, &JournalLine::entered_at_ns);
  std::int64_t first_ns = INT64_MAX;
  std::int64_t last_ns = 0;
  std::int64_t holder = -1;
  for (const JournalLine& line : lines) {
    if (line.entered_at_ns == 0) {
      continue;
    }
    ++result.entries;
    first_ns = std::min(first_ns, line.entered_at_ns);
    last_ns = std::max(last_ns, line.entered_at_ns);
    const bool was_waiting = line.requested_at_ns < line.released_at_ns;
    if (was_waiting && holder != line.client) {
      result.hand_overs_us.push_back(static_cast<double>(line.entered_at_ns - line.released_at_ns) /
                                     1000.0);
    }
    holder = line.client;
  }
  result.share_in_order = share_in_order(lines);
  result.share_in_order_later = share_in_order(only(Tries::later, lines));
  result.share_in_order_first = share_in_order(only(Tries::first, lines));
  if (result.entries > 1) {
    const double pace_ns =
        static_cast<double>(last_ns - first_ns) / static_cast<double>(result.entries - 1);
    double max_ns = 0;
    for (const JournalLine& line : lines) {
      const std::int64_t until_ns = line.entered_at_ns == 0 ? last_ns : line.entered_at_ns;
      max_ns = std::max(max_ns, static_cast<double>(until_ns - line.requested_at_ns));
    }
    result.max_wait_in_fair_shares =
        max_ns / (pace_ns * static_cast<double>(std::max<std::size_t>(clients - 1, 1)));
  }
  return result;
}

Team::Team(const Programs& programs, const TeamPlan& plan)
    : clients_(static_cast<std::size_t>(plan.processes) *
               static_cast<std::size_t>(plan.clients_of_each)) {
  for (int i = 0; i < plan.processes; ++i) {
    workers_.emplace_back(programs.worker,
                          std::vector<std::string>{"contest", plan.side, plan.place,
                                                   std::to_string(plan.clients_of_each),
                                                   std::to_string(i * plan.clients_of_each)},
                          journal_.descriptor());
  }
  const Instant deadline = BootClock::now() + start_limit;
  for (WorkerProcess& worker : workers_) {
    worker.expect("ready", deadline);
  }
}

ContestResult Team::play(const ContestRules& rules) {
  begin(rules);
  return end();
}

void Team::begin(const ContestRules& rules) {
  journal_.clear();
  ends_at_ = BootClock::now() + rules.length;
  const std::string order = std::to_string(ends_at_.time_since_epoch().count()) + " " +
                            std::to_string(rules.hold.count()) + " " +
                            (rules.manners == Manners::after_the_other ? "1" : "0");
  for (WorkerProcess& worker : workers_) {
    worker.tell(order);
  }
}

ContestResult Team::end() {
  const Instant deadline = ends_at_ + end_limit;
  for (WorkerProcess& worker : workers_) {
    worker.expect("done", deadline);
  }
  return judge(journal_.lines(), clients_);
}

}  // namespace exclusive_lock::bench
