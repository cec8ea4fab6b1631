/* What the model consists of: one store, N lock objects, and what is under way between them.

   Time is relative. Nothing holds an instant; everything that would be compared with one counts
   down (ttl, alive, safe) or up to where it does not matter any more (age, base). So runs are of
   any length, and the states are finite without a limit on the clock.

   Tickets are relative too: each is kept as how far it is behind its object's newest one. A new
   attempt moves them all one further back, and has to wait while something of this object is BACK
   behind: any number of attempts, but none that overtakes BACK others.

   N     lock objects
   TTL   of a record, in ticks
   CONF  confirm_ttl, and alive_for of an attempt, in ticks
   ALIVE alive_for of a heartbeat, in ticks; CONF if none is sparse
         (docs/decisions/0025-sparse-heartbeats.md)
   LATE  how long after its sending an attempt is still carried out (not_after), in ticks */

#ifndef N
#define N 2
#endif
#ifndef TTL
#define TTL 3
#endif
#ifndef CONF
#define CONF 2
#endif
#ifndef ALIVE
#define ALIVE CONF
#endif
#ifndef LATE
#define LATE 1
#endif
#ifndef BACK
#define BACK 1
#endif
/* BARGING  every lock object goes past those who wait, so many times in a row
   (docs/decisions/0011-barging.md) */

/* What a lock object is at. `dead`: its process has crashed, for ever. */
#define idle 0
#define attempting 1
#define waiting 2
#define held 3
#define dead 4

/* The request whose answer it waits for. */
#define nothing 0
#define try 1 /* attempt without wait_options */
#define enter 2 /* attempt with wait_options */
#define heartbeat 3
#define refresh 4

/* Answers. `no`: busy or superseded, gone, lost. What an object does then (it ends) it may do at any
   time here, so that answer need not travel. */
#define no 0
#define granted 1
#define in_queue 2

/* A push only makes a waiter send a heartbeat, and that may come at any time in safety.pml: so all
   pushes, true or forged, are in there without being modelled. They are in liveness.pml, and where
   they do harm:
   PUSH_BEGINS  a hold begins on a push (broken)
   FORGED       of those, some come from nowhere
   UNHEARD      a live waiter is passed over, because the store counts no listener, and gets the push
                all the same */
#ifdef PUSH_BEGINS
#define PUSHES
#endif

typedef Client {
  unsigned state : 3;
  unsigned asked : 3;
  bit answered;        /* carried out, and the answer is under way */
  unsigned answer : 2;
  unsigned age : 3;    /* since it was sent; forgotten at TTL, when no answer is of use */
  unsigned safe : 3;   /* belief: held() is true while it is above 0 */
  /* An attempt that was given up and may still reach the store: 0 none, else behind + 1. */
  unsigned stray : 2;
  unsigned stray_age : 2;
  bit stray_enters;    /* with wait_options */
  bit ended;           /* a hold of the newest ticket has ended (for G5) */
  bit had_grant;       /* the newest ticket was granted (one grant a ticket) */
#ifdef PUSHES
  bit push;            /* for the newest ticket, under way */
#endif
#ifdef PUSH_BEGINS
  unsigned base : 3;   /* waiting: since the sending of the last request answered in_queue */
#endif
#ifdef GRACE
  bit held_before;     /* under an older ticket: so a refresh of it may still be under way */
#endif
#ifdef FENCE
  /* Grants by their number, from 1; 0: none. What fence each has got is in fence_of. */
  unsigned nth : 3;        /* of the hold */
  unsigned answer_nth : 3;
  unsigned writing : 3;    /* held() was asked, and was true; the write comes, however late */
#endif
}

typedef Entry {
  unsigned place : 2;  /* in the queue, from 1; 0: no entry */
  unsigned behind : 2;
  unsigned alive : 3;
}

typedef Store {
  unsigned owner : 2;  /* of the record: client + 1; 0: no record */
  unsigned behind : 2;
  unsigned ttl : 3;
  Entry entry[N];
#ifdef BARGING
  unsigned pass_count : 2; /* of grants that have gone past those who wait */
#endif
#ifdef FENCE
  unsigned nth : 3;    /* whose fence is in the record */
  unsigned last : 3;   /* the counter beside it */
#endif
}

Client c[N];
Store s;

#ifdef ROLLBACK
Store replica;         /* what a failover falls back to */
#endif
#ifdef LOSS
unsigned losses : 2;   /* that may still come */
unsigned since : 3;    /* ticks until the last loss is one TTL ago */
#endif
#ifdef GRACE
#define in_grace (since > 0)
#else
#define in_grace false
#endif

#ifdef FENCE
/* The number of grants, and the store's clock in microseconds: it differs from grant to grant, and
   nothing else about it matters. Data loss does not set it back. */
unsigned clock_us : 3;
#ifndef GRANTS
#define GRANTS 6
#endif
byte fence_of[GRANTS + 1];
unsigned accepted : 3;     /* the resource: the highest fence that it has accepted */
unsigned accepted_nth : 3; /* and whose that was */
#endif

/* No part of the state: for the inside of one step. The search that finds the shortest trail knows
   no hidden variables; there they cost some states. */
#ifdef SHORTEST
#define hidden
#endif
hidden byte k;
hidden byte first;
hidden byte its_ticket;
hidden byte late_by;
hidden byte patient;
hidden byte found;
hidden byte length;
hidden byte believers;
hidden byte j;
