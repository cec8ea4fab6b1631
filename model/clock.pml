/* The clock, and what the store loses. */

#include "tick.pml"

inline copy_store(to, from) {
  to.owner = from.owner;
  to.behind = from.behind;
  to.ttl = from.ttl;
  for (k : 0 .. N - 1) {
    to.entry[k].place = from.entry[k].place;
    to.entry[k].behind = from.entry[k].behind;
    to.entry[k].alive = from.entry[k].alive
  }
#ifdef BARGING
  to.pass_count = from.pass_count;
#endif
#ifdef FENCE
  to.nth = from.nth;
  to.last = from.last;
#endif
}

inline wipe() {
  drop_record();
  for (k : 0 .. N - 1) {
    s.entry[k].place = 0;
    s.entry[k].behind = 0;
    s.entry[k].alive = 0
  }
#ifdef BARGING
  s.pass_count = 0;
#endif
#ifdef FENCE
  s.last = 0;
#endif
}

#ifdef ROLLBACK
/* There is one failover, and nothing to fall back to after it. */
inline forget_replica() {
  replica.owner = 0;
  replica.behind = 0;
  replica.ttl = 0;
  for (k : 0 .. N - 1) {
    replica.entry[k].place = 0;
    replica.entry[k].behind = 0;
    replica.entry[k].alive = 0
  }
#ifdef BARGING
  replica.pass_count = 0;
#endif
#ifdef FENCE
  replica.nth = 0;
  replica.last = 0;
#endif
}
#endif

proctype Clock() {
  do
  :: d_step { true ->
       printf("tick\n");
       tick();
       check() }
#ifdef ROLLBACK
  :: d_step { losses > 0 ->
       printf("replica: has caught up\n");
       copy_store(replica, s);
       check() }
  :: d_step { losses > 0 -> 
       printf("store: replaced by the replica\n");
       losses--;
       since = TTL;
       copy_store(s, replica);
       forget_replica();
       check() }
#endif
#ifdef WIPE
  :: d_step { losses > 0 -> 
       printf("store: loses everything\n");
       losses--;
       since = TTL;
       wipe();
       check() }
#endif
  od
}

init {
  atomic {
#ifdef LOSS
    losses = LOSS;
#endif
    for (j : 0 .. N - 1) {
      run Object(j)
    }
    run Clock()
  }
}
