#include "sim/mutants.hpp"

#include <array>

#include "sim/checker_names.hpp"

namespace exclusive_lock::sim {

std::span<const MutantEntry> all_mutants() {
  static constexpr std::array entries{
      MutantEntry{Mutant::release_of_anybody, "release_of_anybody", checker::strangers_are_spared},
      MutantEntry{Mutant::refresh_of_anybody, "refresh_of_anybody", checker::strangers_are_spared},
      MutantEntry{Mutant::refresh_keeps_ttl, "refresh_keeps_ttl", checker::belief_implies_record},
      MutantEntry{Mutant::refresh_adds_ttl, "refresh_adds_ttl", checker::ttl_is_set},
      MutantEntry{Mutant::dead_waiters_never_expire, "dead_waiters_never_expire",
                  checker::dead_waiters_are_skipped},
      MutantEntry{Mutant::bare_fence_counter, "bare_fence_counter", checker::fences_grow},
      MutantEntry{Mutant::heartbeat_enters_queue, "heartbeat_enters_queue",
                  checker::one_entry_per_ticket},
      MutantEntry{Mutant::newcomers_come_first, "newcomers_come_first",
                  checker::first_come_first_served},
      MutantEntry{Mutant::hands_over_for_a_ttl, "hands_over_for_a_ttl",
                  checker::hand_over_is_short},
      MutantEntry{Mutant::passes_are_not_counted, "passes_are_not_counted",
                  checker::barging_has_an_end},
      MutantEntry{Mutant::wakes_nobody, "wakes_nobody", checker::next_one_is_woken},
      MutantEntry{Mutant::no_not_after, "no_not_after", checker::too_late_is_refused},
      MutantEntry{Mutant::older_ticket_keeps_out, "older_ticket_keeps_out",
                  checker::nobody_locks_itself_out},
      MutantEntry{Mutant::refresh_restores_record, "refresh_restores_record",
                  checker::one_grant_per_ticket},
      MutantEntry{Mutant::repeat_gets_a_fence, "repeat_gets_a_fence",
                  checker::one_grant_per_ticket},
      MutantEntry{Mutant::fence_stays_for_ever, "fence_stays_for_ever", checker::nothing_is_left},
      MutantEntry{Mutant::refresh_from_receipt, "refresh_from_receipt",
                  checker::belief_implies_record},
      MutantEntry{Mutant::same_ticket_again, "same_ticket_again", checker::one_entry_per_ticket},
      MutantEntry{Mutant::late_reply_revives, "late_reply_revives", checker::lost_is_final},
      MutantEntry{Mutant::push_begins_a_hold, "push_begins_a_hold", checker::belief_implies_record},
      MutantEntry{Mutant::stays_with_former_master, "stays_with_former_master",
                  checker::listener_is_counted},
      MutantEntry{Mutant::push_wakes_only, "push_wakes_only", checker::nobody_starves},
      MutantEntry{Mutant::heartbeats_come_late, "heartbeats_come_late", checker::free_is_taken},
      MutantEntry{Mutant::heartbeats_find_no_grant, "heartbeats_find_no_grant",
                  checker::lost_push_costs_a_heartbeat},
      MutantEntry{Mutant::far_waiters_die_early, "far_waiters_die_early",
                  checker::waiters_stay_alive},
      MutantEntry{Mutant::company_is_overlooked, "company_is_overlooked",
                  checker::frozen_process_costs_once},
      MutantEntry{Mutant::heartbeats_without_end, "heartbeats_without_end",
                  checker::heartbeats_are_few},
      MutantEntry{Mutant::belief_outlives_release, "belief_outlives_release",
                  checker::belief_implies_record},
      MutantEntry{Mutant::released_hold_revives, "released_hold_revives", checker::one_safe_hold},
      MutantEntry{Mutant::sleeps_through_the_end, "sleeps_through_the_end", checker::loss_is_told},
      MutantEntry{Mutant::stops_no_token, "stops_no_token", checker::loss_is_told},
      MutantEntry{Mutant::gives_up_at_failure, "gives_up_at_failure",
                  checker::only_what_is_gone_is_lost},
      MutantEntry{Mutant::resource_takes_all, "resource_takes_all", checker::stale_writes_refused},
      MutantEntry{Mutant::gives_back_for_ever, "gives_back_for_ever", checker::no_timer_is_left},
      MutantEntry{Mutant::leaves_without_a_word, "leaves_without_a_word",
                  checker::given_up_is_gone},
      MutantEntry{Mutant::keeps_what_crossed, "keeps_what_crossed", checker::given_up_is_gone},
      MutantEntry{Mutant::keeps_what_came_late, "keeps_what_came_late", checker::given_up_is_gone},
      MutantEntry{Mutant::releases_once, "releases_once", checker::given_up_is_gone},
      MutantEntry{Mutant::clock_stops_in_pause, "clock_stops_in_pause",
                  checker::belief_implies_record},
      MutantEntry{Mutant::backlog_is_in_time, "backlog_is_in_time", checker::too_late_is_refused},
      MutantEntry{Mutant::waits_for_every_answer, "waits_for_every_answer",
                  checker::calls_end_in_time},
      MutantEntry{Mutant::store_time_is_old, "store_time_is_old", checker::clock_steps_are_told},
      MutantEntry{Mutant::store_time_is_dropped, "store_time_is_dropped",
                  checker::clock_steps_are_told},
      MutantEntry{Mutant::clock_step_changes_nothing, "clock_step_changes_nothing",
                  checker::belief_implies_record},
      MutantEntry{Mutant::clock_rate_changes_nothing, "clock_rate_changes_nothing",
                  checker::belief_implies_record},
      MutantEntry{Mutant::mark_comes_later, "mark_comes_later", checker::once_per_period},
      MutantEntry{Mutant::age_by_own_clock, "age_by_own_clock", checker::once_per_period},
      MutantEntry{Mutant::failure_is_recorded, "failure_is_recorded",
                  checker::only_success_is_recorded},
      MutantEntry{Mutant::tolerance_is_ignored, "tolerance_is_ignored", checker::period_has_an_end},
      MutantEntry{Mutant::future_is_believed, "future_is_believed", checker::period_has_an_end},
      MutantEntry{Mutant::closed_name_opens, "closed_name_opens", checker::min_hold_is_kept},
      MutantEntry{Mutant::closed_name_stays, "closed_name_stays", checker::min_hold_has_an_end},
  };
  return entries;
}

std::optional<Mutant> mutant_named(std::string_view name) {
  for (const MutantEntry& entry : all_mutants()) {
    if (entry.name == name) {
      return entry.mutant;
    }
  }
  return std::nullopt;
}

}  // namespace exclusive_lock::sim
