/* Requests that have reached the store. */

/* A release takes away what is of its ticket or an older one. Only tickets that are over are
   released, so one for the newest of them does all that others could do. */
#define over_since(i) (c[i].state == idle -> 0 : 1)

inline forget_stray(i) {
  c[i].stray = 0;
  c[i].stray_age = 0;
  c[i].stray_enters = 0
}

inline carried_out(i) {
  if
  :: found == no -> forget_request(i)
  :: else ->
    c[i].answered = 1;
    c[i].answer = found;
#ifdef FENCE
    c[i].answer_nth = (found == granted -> s.nth : 0);
#endif
    skip
  fi
}
