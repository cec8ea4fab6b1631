#pragma once
// The checkers, by the guarantee that they watch over (docs/guarantees.md).

#include <array>

namespace exclusive_lock::sim::checker {

inline constexpr auto one_safe_hold = "G1 one safe hold";
inline constexpr auto belief_implies_record = "G1 belief implies record";
inline constexpr auto clock_steps_are_told = "G1 clock steps are reported";
inline constexpr auto fences_grow = "G2 fences grow";
inline constexpr auto stale_writes_refused = "G2 stale writes are refused";
inline constexpr auto strangers_are_spared = "G3 other owners' records stay";
inline constexpr auto nobody_locks_itself_out = "G4 no object locks itself out";
inline constexpr auto one_grant_per_ticket = "G4 one grant per ticket";
inline constexpr auto one_entry_per_ticket = "G4 one entry per ticket";
inline constexpr auto too_late_is_refused = "G4 too late is refused";
inline constexpr auto calls_end_in_time = "G4 calls end in time";
inline constexpr auto given_up_is_gone = "G4 what is given up is gone";
inline constexpr auto lost_is_final = "G5 lost is final";
inline constexpr auto only_what_is_gone_is_lost = "G5 only what is gone is called gone";
inline constexpr auto loss_is_told = "G5 loss is reported";
inline constexpr auto first_come_first_served = "G6 first come, first served";
inline constexpr auto dead_waiters_are_skipped = "G6 dead waiters are skipped";
inline constexpr auto waiters_stay_alive = "G6 a live waiter stays alive";
inline constexpr auto frozen_process_costs_once = "G6 a frozen process costs one confirm ttl";
inline constexpr auto hand_over_is_short = "G6 a hand-over is short until it is taken up";
inline constexpr auto barging_has_an_end = "G6 barging has an end";
inline constexpr auto next_one_is_woken = "G6 the next one is woken";
inline constexpr auto listener_is_counted = "G6 listeners are counted";
inline constexpr auto free_is_taken = "G6 what is free is taken";
inline constexpr auto lost_push_costs_a_heartbeat = "G6 a lost push costs one heartbeat";
inline constexpr auto nobody_starves = "G6 no waiter starves";
inline constexpr auto heartbeats_are_few = "G7 heartbeats are few";
inline constexpr auto ttl_is_set = "G8 ttl is set, never added to";
inline constexpr auto nothing_is_left = "G8 nothing is left";
inline constexpr auto no_timer_is_left = "G8 no timer is left";
inline constexpr auto once_per_period = "G12 once per period";
inline constexpr auto only_success_is_recorded = "G12 only success is recorded";
inline constexpr auto period_has_an_end = "G12 a period has an end";
inline constexpr auto min_hold_is_kept = "G12 a minimum hold is kept";
inline constexpr auto min_hold_has_an_end = "G12 a minimum hold has an end";

inline constexpr std::array all{one_safe_hold,
                                belief_implies_record,
                                clock_steps_are_told,
                                fences_grow,
                                stale_writes_refused,
                                strangers_are_spared,
                                nobody_locks_itself_out,
                                one_grant_per_ticket,
                                one_entry_per_ticket,
                                too_late_is_refused,
                                calls_end_in_time,
                                given_up_is_gone,
                                lost_is_final,
                                only_what_is_gone_is_lost,
                                loss_is_told,
                                first_come_first_served,
                                dead_waiters_are_skipped,
                                waiters_stay_alive,
                                frozen_process_costs_once,
                                hand_over_is_short,
                                barging_has_an_end,
                                next_one_is_woken,
                                listener_is_counted,
                                free_is_taken,
                                lost_push_costs_a_heartbeat,
                                nobody_starves,
                                heartbeats_are_few,
                                ttl_is_set,
                                nothing_is_left,
                                no_timer_is_left,
                                once_per_period,
                                only_success_is_recorded,
                                period_has_an_end,
                                min_hold_is_kept,
                                min_hold_has_an_end};

}  // namespace exclusive_lock::sim::checker
