/* A tick of the one clock, by which records and beliefs end alike. */

inline tick_object(i) {
  if
  :: c[i].asked != nothing ->
    c[i].age++;
    if
    :: c[i].age >= TTL -> forget_request(i)
    :: else
    fi
  :: else
  fi;
  if
  :: c[i].stray > 0 ->
    c[i].stray_age++;
    if
    :: c[i].stray_age > LATE -> forget_stray(i)
    :: else
    fi
  :: else
  fi;
#ifdef PUSH_BEGINS
  if
  :: c[i].state == waiting && c[i].base < CONF -> c[i].base++
  :: else
  fi;
#endif
  if
  :: c[i].safe > 0 ->
    c[i].safe--;
    if
    :: c[i].safe == 0 -> end(i) /* lost */
    :: else
    fi
  :: else
  fi
}

inline tick_store(store) {
  if
  :: store.ttl > 0 ->
    store.ttl--;
    if
    :: store.ttl == 0 ->
      store.owner = 0;
      store.behind = 0;
#ifdef FENCE
      store.nth = 0;
#endif
    :: else
    fi
  :: else
  fi;
  for (k : 0 .. N - 1) {
    if
#ifdef PUSH_ONLY
    :: false /* where nobody heartbeats, nobody is taken for dead */
#else
    :: store.entry[k].alive > 0 -> store.entry[k].alive--
#endif
    :: else
    fi
  }
}

inline tick() {
  for (j : 0 .. N - 1) {
    tick_object(j)
  }
  tick_store(s);
#ifdef ROLLBACK
  tick_store(replica);
#endif
#ifdef LOSS
  if
  :: since > 0 -> since--
  :: else
  fi
#endif
}
