/* G6: whoever waits and stays alive gets the lock, once faults have stopped.

   Object 0 always wants the lock and never gives up. The others do as they like; they crash, too.
   Before `calm` everything may be lost or late. From then on messages arrive and processes do what
   is due before the next tick, but for pushes, which may go on being lost. A hold ends within two
   ticks. Calm may begin in any state that the faults can lead to, and fairness (weak, by process)
   then says no more than that no process and no clock stops for ever. */

#define PUSHES
#include "state.pml"
bit calm;
typedef Duty {
  bit owes_release; /* a hold or an attempt has ended, and its release has not arrived */
  bit has_beaten;   /* since the last tick, as has_tried and has_worked */
  bit has_tried;
  bit has_worked;
}
Duty d[N];

#include "store.pml"
#include "client.pml"
#include "arrival.pml"

inline stop(i) {
  end(i);
  c[i].ended = 0;
  d[i].owes_release = 1
}

inline forget_duties(i) {
  d[i].has_beaten = 0;
  d[i].has_tried = 0;
  d[i].has_worked = 0
}

/* The answer to a heartbeat was "gone": a new attempt is due. */
inline gone(i) {
  if
  :: found == no && c[i].state == waiting -> stop(i)
  :: else
  fi
}

#ifdef PUSH_ONLY
#define heartbeat_is_due(i) false
#else
#define heartbeat_is_due(i) (c[i].state == waiting && !d[i].has_beaten)
#endif
#define wants(i) (c[i].state == idle && !d[i].has_tried && nothing_far_back(i))
#define is_stuck(i) (c[i].state == attempting && c[i].asked == nothing)
#define is_due(i) \
  (c[i].asked != nothing || c[i].push || c[i].stray > 0 || d[i].owes_release || \
   is_stuck(i) || heartbeat_is_due(i) || (c[i].state == held && d[i].has_worked) || \
   ((i) == 0 && wants(i)))

proctype Object(byte i) {
  do
  /* --- what it does --- */
  :: d_step { wants(i) ->
       printf("%d new ticket, sends an attempt\n", i);
       d[i].has_tried = 1;
       new_ticket(i, enter) }
#ifndef PUSH_ONLY
  :: d_step { c[i].state == waiting && c[i].asked == nothing && (!calm || !d[i].has_beaten) ->
       printf("%d sends a heartbeat\n", i);
       d[i].has_beaten = 1;
       ask(i, heartbeat) }
#endif
  :: d_step { c[i].state == held ->
       printf("%d ends its hold\n", i);
       stop(i);
       forget_request(i) }
  :: d_step { is_stuck(i) ->
       printf("%d has no answer that helps\n", i);
       stop(i) }
  :: d_step { c[i].answered ->
       printf("%d has its answer\n", i);
       take_answer(i);
       if
       :: c[i].state == idle -> d[i].owes_release = 1
       :: else
       fi }
  :: d_step { c[i].push ->
       printf("%d has its push\n", i);
       take_push(i) }

  /* --- what arrives at the store --- */
  :: d_step { is_attempt(i) && !c[i].answered && c[i].age <= LATE ->
       printf("%d store: attempt\n", i);
       store_attempt(i, 0, true);
       carried_out(i) }
  :: d_step { is_attempt(i) && c[i].age > LATE ->
       printf("%d store: attempt, too late\n", i);
       forget_request(i) }
  :: d_step { c[i].asked == heartbeat && !c[i].answered ->
       printf("%d store: heartbeat\n", i);
       store_heartbeat(i, 0);
       carried_out(i);
       gone(i) }
  :: d_step { c[i].stray > 0 ->
       printf("%d store: attempt that was given up\n", i);
       late_by = c[i].stray - 1;
       forget_stray(i);
       store_attempt(i, late_by, true);
       skip }
  :: d_step { d[i].owes_release && c[i].state != dead ->
       printf("%d store: release\n", i);
       d[i].owes_release = 0;
       store_release(i, over_since(i));
       skip }

  /* --- faults --- */
  :: d_step { c[i].push ->
       printf("%d network: loses the push\n", i);
       c[i].push = 0 }
  :: d_step { !calm && c[i].asked != nothing ->
       printf("%d stops waiting for an answer\n", i);
       give_up_request(i) }
  :: d_step { !calm && c[i].stray > 0 ->
       printf("%d network: loses the attempt that was given up\n", i);
       forget_stray(i) }
  :: d_step { !calm && d[i].owes_release ->
       printf("%d network: loses the release\n", i);
       d[i].owes_release = 0 }
  :: d_step { i > 0 && c[i].state == waiting ->
       printf("%d gives up waiting\n", i);
       forget_request(i);
       stop(i) }
  :: d_step { !calm && i > 0 && c[i].state != dead ->
       printf("%d crashes\n", i);
       give_up_request(i);
       end(i);
       c[i].ended = 0;
       d[i].owes_release = 0;
       forget_duties(i);
       c[i].state = dead }
  od
}

#include "tick.pml"

inline end_of_tick() {
  for (j : 0 .. N - 1) {
    forget_duties(j);
    if
    :: c[j].state == held -> d[j].has_worked = 1
    :: else
    fi
  }
}

#if N == 2
#define all_done (!is_due(0) && !is_due(1))
#else
#define all_done (!is_due(0) && !is_due(1) && !is_due(2))
#endif

proctype Clock() {
  do
  :: d_step { !calm ->
       printf("tick\n");
       tick();
       end_of_tick();
       skip }
  :: d_step { calm && all_done ->
       printf("tick\n");
       tick();
       end_of_tick();
       skip }
  :: d_step { !calm ->
       printf("calm\n");
       calm = 1 }
  od
}

init {
  atomic {
    for (j : 0 .. N - 1) {
      run Object(j)
    }
    run Clock()
  }
}

ltl served { [] (calm -> <> (c[0].state == held)) }
