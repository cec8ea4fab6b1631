/* The store: its verbs, each one step (docs/decisions/0008-fair-hand-over.md). `b` is how far the
   ticket of the request is behind its object's newest; a greater one is older. The result is left
   in `found`. */

#define owns(i, b) (s.owner == (i) + 1 && s.behind == (b))
#define nobody_waits (length == 0)

inline count_queue() {
  length = 0;
  for (k : 0 .. N - 1) {
    if
    :: s.entry[k].place > length -> length = s.entry[k].place
    :: else
    fi
  }
}

inline take_out(i) {
  for (k : 0 .. N - 1) {
    if
    :: s.entry[k].place > s.entry[i].place -> s.entry[k].place--
    :: else
    fi
  }
  s.entry[i].place = 0;
  s.entry[i].behind = 0;
  s.entry[i].alive = 0;
#ifdef BARGING
  count_queue();
  if
  :: nobody_waits -> s.pass_count = 0
  :: else
  fi
#endif
}

inline drop_record() {
  s.owner = 0;
  s.behind = 0;
  s.ttl = 0;
#ifdef FENCE
  s.nth = 0;
#endif
}

/* The one place that grants. */
inline grant(i, b, for_ticks) {
  assert(s.owner == 0 || s.owner == (i) + 1); /* G3 */
  if
  :: (b) == 0 ->
#if !defined(LOSS) && !defined(ONLY_HARM) && !defined(NO_HISTORY)
    assert(!c[i].had_grant); /* one grant a ticket */
    c[i].had_grant = 1;
#endif
    skip
  :: else
  fi;
  s.owner = (i) + 1;
  s.behind = b;
  s.ttl = for_ticks;
#ifdef FENCE
  clock_us++;
#ifdef BARE_COUNTER
  fence_of[clock_us] = s.last + 1;
#else
  fence_of[clock_us] = (s.last + 1 > clock_us -> s.last + 1 : clock_us);
#endif
  s.nth = clock_us;
  s.last = fence_of[s.nth];
#ifndef ONLY_HARM
  assert(fence_of[s.nth] > fence_of[s.nth - 1]); /* G2 */
#endif
#endif
}

/* A push that finds another one under way is lost, as is one of an older ticket. */
inline send_push(i, b) {
#ifdef PUSHES
  if
  :: (b) == 0 -> c[i].push = 1
  :: else
  fi
#else
  skip
#endif
}

#ifdef FENCE
#define may_grant (clock_us < GRANTS)
#else
#define may_grant true
#endif
#ifdef GRANT_IN_GRACE
#define no_grants (!may_grant)
#else
#define no_grants (!may_grant || in_grace)
#endif
#ifdef ADOPTION_IN_GRACE
#define no_takeover (!may_grant)
#else
#define no_takeover no_grants
#endif

#ifdef BARGING
#ifdef PASSED_FOR_EVER
#define may_pass true
#else
#define may_pass (s.pass_count < BARGING)
#endif
#else
#define may_pass false
#endif

inline count_pass() {
#ifdef BARGING
  if
  :: s.pass_count < 3 -> s.pass_count++
  :: else
  fi
#endif
  skip
}

/* The first live one in line gets what is free. */
inline advance() {
  do
  :: s.owner != 0 || no_grants -> break
  :: else ->
    first = N;
    for (k : 0 .. N - 1) {
      if
      :: s.entry[k].place == 1 -> first = k
      :: else
      fi
    }
    if
    :: first == N -> break
#ifdef DEAD_WAITERS_STAY
    :: first < N && s.entry[first].alive == 0 -> break
#endif
    :: else ->
      if
      :: s.entry[first].alive > 0 ->
        its_ticket = s.entry[first].behind;
        grant(first, its_ticket, CONF);
#ifdef BARGING
        s.pass_count = 0;
#endif
        send_push(first, its_ticket)
      :: else
      fi;
      take_out(first)
    fi
  od
}

inline put_in(i, b) {
  count_queue();
  if
  :: s.entry[i].place == 0 -> s.entry[i].place = length + 1
  :: else
  fi;
  s.entry[i].behind = b;
  s.entry[i].alive = CONF;
  found = in_queue
}

inline store_attempt(i, b, with_patience) {
  count_queue();
  if
  :: s.owner == 0 && !nobody_waits && may_pass && s.entry[i].place == 0 && !no_grants ->
    grant(i, b, TTL);
    count_pass()
  :: else -> advance()
  fi;
  count_queue();
  if
  :: owns(i, b) -> found = granted
  :: s.owner == (i) + 1 && s.behind < (b) -> found = no
  :: s.owner == (i) + 1 && s.behind > (b) && !no_takeover ->
#if defined(GRACE) || defined(ONLY_HARM)
    /* A re-asserted record can meet an entry of its own object. */
    if
    :: s.entry[i].place > 0 -> take_out(i)
    :: else
    fi;
#else
    assert(s.entry[i].place == 0);
#endif
    grant(i, b, TTL);
    found = granted
  :: s.owner == 0 && nobody_waits && !no_grants ->
    grant(i, b, TTL);
    found = granted
  :: else ->
    if
    :: !(with_patience) || (s.entry[i].place > 0 && s.entry[i].behind < (b)) -> found = no
    :: else -> put_in(i, b)
    fi
  fi
}

inline store_heartbeat(i, b) {
  advance();
  if
  :: owns(i, b) ->
    s.ttl = TTL;
    found = granted
  :: s.entry[i].place > 0 && s.entry[i].behind == (b) ->
    s.entry[i].alive = ALIVE;
    found = in_queue
  :: else ->
#ifdef BEAT_ENTERS
    if
    :: s.entry[i].place == 0 -> put_in(i, b)
    :: else -> found = no
    fi
#else
    found = no
#endif
  fi
}

/* In grace a holder whose record was lost puts it back: it re-asserts itself. */
inline store_refresh(i, b) {
  if
#ifdef REFRESH_ANY
  :: s.owner != 0 ->
    assert(s.owner == (i) + 1); /* G3 */
#else
  :: owns(i, b) ->
#endif
    s.ttl = TTL;
    found = granted
#ifdef GRACE
  :: s.owner == 0 && in_grace ->
    s.owner = (i) + 1;
    s.behind = b;
    s.ttl = TTL;
#ifdef FENCE
    s.nth = c[i].nth;
#endif
    found = granted
#endif
  :: else -> found = no
  fi
}

/* What a barging object releases stays free while others may be passed; the wake-up of the first in
   line is left out, since it may be lost, and a heartbeat may come at any time anyway. */
inline store_release(i, b) {
  found = no;
  if
#ifdef RELEASE_ANY
  :: s.owner != 0 ->
    assert(s.owner == (i) + 1); /* G3 */
    drop_record()
#else
  :: s.owner == (i) + 1 && s.behind >= (b) ->
    drop_record();
    found = granted
#endif
  :: else
  fi;
  if
  :: s.entry[i].place > 0 && s.entry[i].behind >= (b) -> take_out(i)
  :: else
  fi;
  if
  :: found == granted && may_pass
  :: else -> advance()
  fi
}
