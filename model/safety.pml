/* Everything may happen at any time: a pause of a process or of the store, a delay of a message, is
   that the clock ticks and they do nothing. Losing a request or an answer is giving it up. */

#include "state.pml"
#include "store.pml"
#include "client.pml"
#include "arrival.pml"

#if defined(LOSS) && !defined(GRACE)
#define loss_is_recent (since > 0)
#else
#define loss_is_recent false
#endif

inline check() {
  believers = 0;
  for (k : 0 .. N - 1) {
    if
    :: c[k].safe > 0 ->
      believers++;
#if !defined(LOSS) && !defined(ONLY_HARM)
      assert(owns(k, 0)); /* belief implies record */
#endif
    :: else
    fi
  }
  assert(believers <= 1 || loss_is_recent); /* G1 */
}

/* What was sent earlier under a ticket that is over may arrive again and again: its release, and
   its refreshes and heartbeats. Those of the newest ticket count as sent once it has got that far. */
#define has_waited(i) (c[i].state == waiting || c[i].state == held || c[i].ended)
#define has_held(i) (c[i].state == held || c[i].ended)
/* Matters only where a refresh can bring a record back. */
#ifdef GRACE
#define has_held_before(i) (c[i].held_before)
#else
#define has_held_before(i) true
#endif

#ifdef FENCE
/* The resource lets pass what is not below the highest fence so far. G2: then nothing of an earlier
   grant passes after something of a later one. */
inline write_register(i) {
  if
  :: fence_of[c[i].writing] >= accepted ->
    assert(c[i].writing >= accepted_nth); /* G2 */
    accepted = fence_of[c[i].writing];
    accepted_nth = c[i].writing
  :: else
  fi;
  c[i].writing = 0
}
#endif

/* A trail that is replayed prints these lines. */

proctype Object(byte i) {
  do
  /* --- what it does --- */
#ifndef NO_PATIENCE
  :: d_step { c[i].state == idle && nothing_far_back(i) ->
       printf("%d new ticket, sends an attempt with wait_options\n", i);
       new_ticket(i, enter) }
#endif
#if defined(TRIES) || defined(NO_PATIENCE)
  :: d_step { c[i].state == idle && nothing_far_back(i) ->
       printf("%d new ticket, sends an attempt without wait_options\n", i);
       new_ticket(i, try) }
#endif
  :: d_step { c[i].state == waiting && c[i].asked == nothing ->
       printf("%d sends a heartbeat\n", i);
       ask(i, heartbeat) }
  :: d_step { c[i].state == held && c[i].asked == nothing ->
       printf("%d sends a refresh\n", i);
       ask(i, refresh) }
  :: d_step { c[i].state == held ->
       printf("%d ends its hold\n", i);
       end(i);
       forget_request(i) }
  :: d_step { c[i].state == attempting || c[i].state == waiting ->
       printf("%d gives up\n", i);
       give_up_request(i);
       end(i) }
#ifdef SAME_TICKET
  :: d_step { c[i].state == attempting && c[i].asked != nothing ->
       printf("%d sends the attempt again under its ticket\n", i);
       found = c[i].asked;
       give_up_request(i);
       ask(i, found) }
#endif
  :: d_step { c[i].asked != nothing && c[i].state != attempting ->
       printf("%d stops waiting for an answer\n", i);
       forget_request(i) }
  :: d_step { c[i].answered ->
       printf("%d has its answer\n", i);
       take_answer(i);
       check() }
#ifdef PUSHES
  :: d_step { c[i].push ->
       printf("%d has its push\n", i);
       take_push(i);
       check() }
#endif
#ifdef FORGED
  :: d_step { c[i].state == waiting && !c[i].push ->
       printf("%d is sent a push by a stranger\n", i);
       c[i].push = 1 }
#endif
#ifdef CRASHES
  :: d_step { c[i].state != dead ->
       printf("%d crashes\n", i);
       give_up_request(i);
       end(i);
       c[i].state = dead }
#endif

  /* --- what arrives at the store --- */
  :: d_step { is_attempt(i) && !c[i].answered && c[i].age <= LATE ->
       printf("%d store: attempt\n", i);
       store_attempt(i, 0, c[i].asked == enter);
       carried_out(i);
       check() }
  :: d_step { c[i].asked == heartbeat && !c[i].answered ->
       printf("%d store: heartbeat\n", i);
       store_heartbeat(i, 0);
       carried_out(i);
       check() }
  :: d_step { c[i].asked == refresh && !c[i].answered ->
       printf("%d store: refresh\n", i);
       store_refresh(i, 0);
       carried_out(i);
       check() }
  :: d_step { c[i].stray > 0 ->
       printf("%d store: attempt that was given up\n", i);
       late_by = c[i].stray - 1;
       patient = c[i].stray_enters;
       forget_stray(i);
       store_attempt(i, late_by, patient);
       check() }
  :: d_step { c[i].state != dead && true ->
       printf("%d store: release\n", i);
       store_release(i, over_since(i));
       check() }
  :: d_step { has_waited(i) ->
       printf("%d store: late heartbeat of the newest ticket\n", i);
       store_heartbeat(i, 0);
       check() }
  :: d_step { true ->
       printf("%d store: late heartbeat of an older ticket\n", i);
       store_heartbeat(i, 1);
       check() }
  :: d_step { has_held(i) ->
       printf("%d store: late refresh of the newest ticket\n", i);
       store_refresh(i, 0);
       check() }
  :: d_step { has_held_before(i) ->
       printf("%d store: late refresh of an older ticket\n", i);
       store_refresh(i, 1);
       check() }

#ifdef UNHEARD
  :: d_step { s.entry[i].place == 1 ->
       printf("%d store: counts no listener, passes it over; the push arrives\n", i);
       its_ticket = s.entry[i].behind;
       send_push(i, its_ticket);
       take_out(i);
       check() }
#endif

  /* --- what the network loses --- */
  :: d_step { c[i].stray > 0 ->
       printf("%d network: loses the attempt that was given up\n", i);
       forget_stray(i) }
#ifdef PUSHES
  :: d_step { c[i].push ->
       printf("%d network: loses the push\n", i);
       c[i].push = 0 }
#endif

#ifdef FENCE
  /* --- what the resource sees --- */
  :: d_step { c[i].safe > 0 && c[i].writing == 0 ->
       printf("%d asks held(), and will write\n", i);
       c[i].writing = c[i].nth }
  :: d_step { c[i].writing > 0 ->
       printf("%d resource: write\n", i);
       write_register(i) }
#endif
  od
}

#include "clock.pml"
