// Row e: from the call of release to the return of the next holder's acquire, in another process,
// with 1 to 100 processes waiting. Row e2: with 1, through a proxy that adds 1 ms to each round
// trip. Row f: what the server does for one hand-over. Row f2: a hundred processes that want the
// lock again at once.
//
// Plain floor: the fair queue of contender.hpp, where the releaser publishes to the next waiter in
// the script that releases. Same-scripts floor: our scripts over bare connections.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>

#include "contest.hpp"
#include "faults/proxy.hpp"
#include "pairs.hpp"
#include "rows/rows.hpp"
#include "statistics.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;

// Long enough for whoever wants it again to be in the queue before the next release.
constexpr auto hold = 1ms;

// A round must see some hand-overs even where waiting is slow.
std::chrono::milliseconds round_length(const Bench& bench) {
  return bench.is_quick() ? 200ms : 1500ms;
}

// The same work by each side, on the server behind this port.
struct Teams {
  Team ours;
  Team plain;
  Team same_scripts;
};
Teams teams_of(const Programs& programs, std::uint16_t port, int processes, int clients_of_each) {
  const auto plan = [&](const char* side, const std::string& place) {
    return TeamPlan{
        .side = side, .place = place, .processes = processes, .clients_of_each = clients_of_each};
  };
  const std::string port_text = std::to_string(port);
  return {.ours = Team(programs, plan(library_side, "redis://127.0.0.1:" + port_text)),
          .plain = Team(programs, plan(queue_side, port_text)),
          .same_scripts = Team(programs, plan(scripts_side, port_text))};
}

}  // namespace

void measure_hand_over(Bench& bench) {
  const ContestRules rules{
      .length = round_length(bench), .hold = hold, .manners = Manners::after_the_other};
  Measurement with_one_waiter;
  for (const int waiters : {1, 10, 100}) {
    Measurement line{.row = "e",
                     .what = fmt::format("release to next entry, {} waiting processes", waiters),
                     .unit = "us",
                     .goal = Goal{Aspect::over_plain, Bound::at_most, 1.4},
                     .series = "hand-over",
                     .at = static_cast<double>(waiters)};
    Teams teams = teams_of(bench.programs(), bench.server().port(), waiters + 1, 1);
    std::vector<double> all;
    bench.interleave(
        line,
        {.ours =
             [&] {
               const auto hand_overs = teams.ours.play(rules).hand_overs_us;
               all.insert(all.end(), hand_overs.begin(), hand_overs.end());
               return median(hand_overs);
             },
         .plain = [&] { return median(teams.plain.play(rules).hand_overs_us); },
         .same_scripts = [&] { return median(teams.same_scripts.play(rules).hand_overs_us); }});
    line.more = {{"hand_overs", static_cast<double>(all.size())}, {"p99_us", quantile(all, 0.99)}};
    bench.tell(line);
    if (waiters == 1) {
      with_one_waiter = line;
    } else if (waiters == 100) {
      const Measurement& one = with_one_waiter;
      bench.tell({.row = "e",
                  .what = "100 waiting processes, as a multiple of 1",
                  .unit = "times",
                  .ours = {median(line.ours) / median(one.ours)},
                  .plain = {median(line.plain) / median(one.plain)},
                  .same_scripts = {median(line.same_scripts) / median(one.same_scripts)},
                  .goal = Goal{Aspect::over_plain, Bound::at_most, 1}});
    }
  }
}

void measure_far_hand_over(Bench& bench) {
  const ContestRules rules{
      .length = round_length(bench), .hold = 5ms, .manners = Manners::after_the_other};
  faults::Proxy proxy(bench.server().port());
  proxy.shape(faults::Way::to_server, {.latency = 1ms});  // it waits for whole milliseconds
  const double round_trip = round_trip_us(proxy.port());
  Teams teams = teams_of(bench.programs(), proxy.port(), 2, 1);
  Measurement line{.row = "e2",
                   .what = "release to next entry, 1 waiting process, 1 ms away",
                   .unit = "round trips",
                   .goal = Goal{Aspect::over_plain, Bound::at_most, 1.15}};
  const auto play = [&](Team& team) { return median(team.play(rules).hand_overs_us) / round_trip; };
  bench.interleave(line, {.ours = [&] { return play(teams.ours); },
                          .plain = [&] { return play(teams.plain); },
                          .same_scripts = [&] { return play(teams.same_scripts); }});
  bench.tell(line);
}

namespace {

// Counted in the second half of a round, when everybody waits.
double commands_per_hand_over(Team& team, live::Server& server, const ContestRules& rules) {
  live::RawClient client = server.client();
  team.begin(rules);
  std::this_thread::sleep_for(rules.length / 2);
  if (team.journal().requests() < team.clients()) {
    throw std::runtime_error("not all clients were waiting when counting was to begin");
  }
  client.must({"CONFIG", "RESETSTAT"});
  const auto entries_before = team.journal().entries();
  std::this_thread::sleep_for(rules.length / 3);
  const auto commands = static_cast<double>(server_commands(client));
  const auto entries = team.journal().entries() - entries_before;
  team.end();
  // None at all: all that was spent was spent in vain.
  return commands / static_cast<double>(std::max(entries, 1U));
}

}  // namespace

void measure_hand_over_commands(Bench& bench) {
  constexpr int max_processes = 10;
  // Servers of their own, so that nothing which idle clients of another side do is counted for it.
  live::Server plain_server({.arguments = {"--maxclients", "10000"}});
  live::Server scripts_server({.arguments = {"--maxclients", "10000"}});
  for (const int waiters : bench.of({.quick = {1, 100}, .full = {1, 10, 100, 1000}})) {
    // A thousand threads take a while until all of them wait.
    const ContestRules rules{.length = (waiters < 1000 ? 1 : 3) * 2 * round_length(bench),
                             .hold = hold,
                             .manners = Manners::after_the_other};
    Measurement line{.row = "f",
                     .what = fmt::format("server commands per hand-over, {} waiters", waiters),
                     .unit = "commands",
                     .goal = Goal{Aspect::ours, Bound::at_most, 14},
                     .series = "commands per hand-over",
                     .at = static_cast<double>(waiters)};
    const int processes = std::min(waiters + 1, max_processes);
    const int clients = (waiters + processes) / processes;  // one more than wait, rounded up
    const auto plan = [&](const char* side, const std::string& place) {
      return TeamPlan{
          .side = side, .place = place, .processes = processes, .clients_of_each = clients};
    };
    Team ours(bench.programs(), plan(library_side, bench.server().url()));
    Team plain(bench.programs(), plan(queue_side, std::to_string(plain_server.port())));
    Team same_scripts(bench.programs(), plan(scripts_side, std::to_string(scripts_server.port())));
    bench.interleave(
        line, {.ours = [&] { return commands_per_hand_over(ours, bench.server(), rules); },
               .plain = [&] { return commands_per_hand_over(plain, plain_server, rules); },
               .same_scripts =
                   [&] { return commands_per_hand_over(same_scripts, scripts_server, rules); }});
    bench.tell(line);
  }
}

void measure_contest(Bench& bench) {
  constexpr int clients = 100;
  const ContestRules rules{
      .length = 2 * round_length(bench), .hold = hold, .manners = Manners::again_at_once};
  Measurement hand_over{.row = "f2",
                        .what = "release to next entry, p50",
                        .unit = "us",
                        .goal = Goal{Aspect::over_plain, Bound::at_most, 1.4}};
  Measurement order{.row = "f2",
                    .what = "grants in the order of arrival",
                    .unit = "share",
                    .goal = Goal{Aspect::ours, Bound::at_least, 0.99}};
  Measurement later{.row = "f2", .what = "the same, without each one's first try", .unit = "share"};
  Measurement longest{.row = "f2",
                      .what = "longest wait, in fair shares",
                      .unit = "times",
                      .goal = Goal{Aspect::ours, Bound::at_most, 1.2}};
  Measurement pace{.row = "f2", .what = "entries per second", .unit = "1/s"};
  Teams teams = teams_of(bench.programs(), bench.server().port(), clients, 1);
  const auto note = [&](const ContestResult& result, std::vector<double> Measurement::*side) {
    (hand_over.*side).push_back(median(result.hand_overs_us));
    (order.*side).push_back(result.share_in_order);
    (later.*side).push_back(result.share_in_order_later);
    (longest.*side).push_back(result.max_wait_in_fair_shares);
    (pace.*side)
        .push_back(static_cast<double>(result.entries) /
                   std::chrono::duration<double>(rules.length).count());
  };
  bench.take_turns({[&] { note(teams.ours.play(rules), &Measurement::ours); },
                    [&] { note(teams.plain.play(rules), &Measurement::plain); },
                    [&] { note(teams.same_scripts.play(rules), &Measurement::same_scripts); }});
  for (const Measurement& line : {hand_over, order, later, longest, pace}) {
    bench.tell(line);
  }
}

}  // namespace exclusive_lock::bench
