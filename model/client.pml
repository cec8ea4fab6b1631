/* A lock object: the steps of core/lock_machine, as far as they decide what is believed. */

inline forget_request(i) {
  c[i].asked = nothing;
  c[i].answered = 0;
  c[i].answer = no;
  c[i].age = 0;
#ifdef FENCE
  c[i].answer_nth = 0;
#endif
}

inline ask(i, what) {
  forget_request(i);
  c[i].asked = what
}

/* A hold counts from the sending of the request that was granted. */
#ifdef COUNTED_FROM_RECEIPT
#define left_of_ttl(i) TTL
#else
#define left_of_ttl(i) (TTL - c[i].age)
#endif

/* What a hold by push would count from. */
#ifdef PUSH_BEGINS
#define forget_base(i) c[i].base = 0
#define still_waits(i, at_most) c[i].base = (c[i].age < (at_most) -> c[i].age : (at_most))
#else
#define forget_base(i) skip
#define still_waits(i, at_most) skip
#endif

#ifdef NO_STRAYS
#define no_strays true
#else
#define no_strays false
#endif
#define is_attempt(i) (c[i].asked == try || c[i].asked == enter)

/* A hold begins. */
inline begin_hold(i, ticks) {
#ifndef ONLY_HARM
  assert(!c[i].ended); /* G5 */
#endif
  c[i].state = held;
  c[i].safe = ticks;
  forget_base(i)
}

/* A hold ends, or a waiting: from now on its ticket may be released by whatever is under way. */
inline end(i) {
#ifndef NO_HISTORY
  if
  :: c[i].state == held -> c[i].ended = 1
  :: else
  fi;
#endif
  c[i].state = idle;
  c[i].safe = 0;
  forget_base(i);
#ifdef FENCE
  c[i].nth = 0;
#endif
}

/* The request that was waited for is given up. An attempt may reach the store later; refreshes and
   heartbeats that do are steps of their own (safety.pml). */
inline give_up_request(i) {
  if
  :: !no_strays && is_attempt(i) && !c[i].answered && c[i].age <= LATE && c[i].stray == 0 ->
    c[i].stray = 1;
    c[i].stray_age = c[i].age;
    c[i].stray_enters = (c[i].asked == enter)
  :: else
  fi;
  forget_request(i)
}

/* What of this object is under way or in the store is at most BACK behind. An entry that is further
   behind counts as BACK: an attempt that is not newer is not under way any more, so it makes no
   difference. */
#define fits_in(store, i) (!(store.owner == (i) + 1 && store.behind == BACK))
#ifdef ROLLBACK
#define nothing_far_back(i) (fits_in(s, i) && fits_in(replica, i) && c[i].stray < BACK + 1)
#else
#define nothing_far_back(i) (fits_in(s, i) && c[i].stray < BACK + 1)
#endif

inline new_ticket(i, what) {
#ifdef GRACE
  c[i].held_before = (c[i].held_before || c[i].ended);
#endif
  c[i].had_grant = 0;
  c[i].ended = 0;
  if
  :: s.owner == (i) + 1 -> s.behind++
  :: else
  fi;
  if
  :: s.entry[i].place > 0 && s.entry[i].behind < BACK -> s.entry[i].behind++
  :: else
  fi;
  if
  :: c[i].stray > 0 -> c[i].stray++
  :: else
  fi;
#ifdef PUSHES
  c[i].push = 0; /* of an older ticket, so ignored */
#endif
#ifdef ROLLBACK
  if
  :: replica.owner == (i) + 1 -> replica.behind++
  :: else
  fi;
  if
  :: replica.entry[i].place > 0 && replica.entry[i].behind < BACK ->
    replica.entry[i].behind++
  :: else
  fi;
#endif
  ask(i, what);
  c[i].state = attempting;
  forget_base(i)
}

/* Nothing that arrives for an idle object makes it hold: neither a push nor an answer. */
inline take_answer(i) {
  if
  :: c[i].state == attempting && c[i].answer == granted ->
    if
    :: c[i].age < TTL -> begin_hold(i, left_of_ttl(i))
    :: else -> end(i)
    fi
  :: c[i].state == attempting && c[i].answer == in_queue ->
    c[i].state = waiting;
    still_waits(i, CONF)
  :: c[i].state == waiting && c[i].asked == heartbeat && c[i].answer == granted ->
    begin_hold(i, left_of_ttl(i))
  :: c[i].state == waiting && c[i].asked == heartbeat && c[i].answer == in_queue ->
    still_waits(i, c[i].base)
  :: c[i].state == held && c[i].asked == refresh && c[i].answer == granted ->
    c[i].safe = (TTL - c[i].age > c[i].safe -> TTL - c[i].age : c[i].safe)
#ifdef LATE_REPLY_REVIVES
  :: c[i].state == idle && c[i].asked == refresh && c[i].answer == granted ->
    begin_hold(i, TTL - c[i].age)
#endif
  :: else
  fi;
#ifdef FENCE
  if
  :: c[i].state == held && c[i].nth == 0 -> c[i].nth = c[i].answer_nth
  :: else
  fi;
#endif
  forget_request(i)
}

#ifdef PUSHES
/* A wake-up: whoever waits sends a heartbeat at once. */
inline take_push(i) {
  if
#ifdef PUSH_BEGINS
  :: c[i].state == waiting && c[i].base < CONF ->
    begin_hold(i, CONF - c[i].base);
    forget_request(i)
#else
  :: c[i].state == waiting && c[i].asked == nothing -> ask(i, heartbeat)
#endif
  :: else
  fi;
  c[i].push = 0
}
#endif
