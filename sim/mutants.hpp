#pragma once
// Bugs made on purpose, one at a time, to test the checkers: each has a checker that must catch it.
// The product's code is as it is; what is wrong is a decorator of the store (mutant_store.cpp) or
// of the link to it (mutant_link.cpp), what the handle does with what it is told
// (simulated_handle.cpp), or a clock.

#include <optional>
#include <span>
#include <string_view>

namespace exclusive_lock::sim {

enum class Mutant {
  none,
  // The store:
  release_of_anybody,         // release without an owner check
  refresh_of_anybody,         // refresh without an owner check
  refresh_keeps_ttl,          // PEXPIRE with the remaining time
  refresh_adds_ttl,           // PEXPIRE with the remaining time and a ttl
  dead_waiters_never_expire,  // an entry of the queue counts as alive for an hour
  bare_fence_counter,         // a counter that is lost with the data
  heartbeat_enters_queue,     // a heartbeat makes the entry that it does not find
  newcomers_come_first,       // whoever comes new stands before all others
  hands_over_for_a_ttl,       // not for the time in which it has to be taken up
  passes_are_not_counted,     // any number of grants in a row goes past those who wait
  wakes_nobody,               // no wake-up for whoever is next
  no_not_after,               // a request that came too late is carried out
  older_ticket_keeps_out,     // an attempt is busy where its own older ticket holds
  refresh_restores_record,    // a refresh writes the record that it does not find
  repeat_gets_a_fence,        // an attempt whose ticket has the record gets a new fence
  fence_stays_for_ever,       // a release takes the ttl off the key of the fence
  mark_comes_later,           // a release leaves its mark in the next step of its client
  closed_name_opens,          // a release deletes the record that is to stay
  closed_name_stays,          // for an hour, in place of what was asked for
  // The link to the store:
  same_ticket_again,         // an attempt without an answer is sent again as it was
  push_begins_a_hold,        // a wake-up is taken for the grant
  stays_with_former_master,  // a subscription does not follow the commands
  push_wakes_only,           // no heartbeats
  heartbeats_come_late,      // two heartbeats after they are due
  heartbeats_find_no_grant,  // a heartbeat that finds the grant is taken for one that waits on
  far_waiters_die_early,     // who is sparse asks to count as alive until the next heartbeat only
  heartbeats_without_end,    // after each heartbeat the next one
  gives_up_at_failure,       // a refresh without an answer is taken for a loss
  gives_back_for_ever,       // what was given back is given back again some hours later
  leaves_without_a_word,     // what was not granted, as far as one knows, is not given back
  keeps_what_crossed,        // a grant of which one has not heard when one gives up is kept
  keeps_what_came_late,      // what an attempt got that was given up before is not given back
  releases_once,             // a release without an answer is not repeated
  waits_for_every_answer,    // a request without an answer never ends
  store_time_is_old,         // a reply carries the store's time of the reply before
  store_time_is_dropped,     // and none at all
  // The handle:
  refresh_from_receipt,        // validity counts from the reply
  late_reply_revives,          // a reply is looked at as of when its request was sent
  belief_outlives_release,     // the belief ends when the release is answered
  released_hold_revives,       // the reply to a refresh from before the release begins it again
  company_is_overlooked,       // waiters of one process are sparse beside each other
  sleeps_through_the_end,      // whoever holds hears no alarm
  clock_step_changes_nothing,  // a step that was seen shortens no hold
  clock_rate_changes_nothing,  // a slew that was seen shortens no hold
  stops_no_token,              // of what is lost
  // The clocks:
  clock_stops_in_pause,
  backlog_is_in_time,  // the store's time is that of a request's arrival
  // The job:
  failure_is_recorded,   // what failed is released as done
  tolerance_is_ignored,  // a run waits for the whole period
  age_by_own_clock,      // not by the store's
  future_is_believed,    // what a clock that was set back shows as done later than now
  // The resource:
  resource_takes_all,  // it does not compare fences
};

struct MutantEntry {
  Mutant mutant;
  std::string_view name;
  std::string_view caught_by;  // the checker
};
std::span<const MutantEntry> all_mutants();
std::optional<Mutant> mutant_named(std::string_view name);

}  // namespace exclusive_lock::sim
