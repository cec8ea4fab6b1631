-- What format 2 adds to format 1: queues (docs/decisions/0008-fair-hand-over.md).
--
-- lock.waiting     how many entries the queue of that key has: a row that was read says so, and an
--                  empty queue costs nothing
--
-- waiter: one row for each lock object that waits for a key; first come, first served by arrived_us,
-- then id.
--   lock            the id of the key's row in `lock`
--   arrived_us      wall clock, us since 1970; later than that of all others that were there
--   owner           the 16 bytes of the lock object's id
--   ticket          of its attempt
--   confirm_ttl_ms  how long the record lives that a hand-over writes
--   floor           its fence is above this one
--   alive_until_ns  CLOCK_BOOTTIME of the boot named beside it: dead from then on
--   boot            16 bytes; in any other boot it is dead
--   holder          byte of the store that waits: dead when that is not locked; names its socket too
--   is_detached     1: the record is to name no holder
--
-- waiter_tail: the tail of the record to be written. Apart, so that the cost of a heartbeat does not grow
-- with the contents.
ALTER TABLE lock ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
CREATE TABLE waiter (
  id INTEGER PRIMARY KEY,
  lock INTEGER NOT NULL,
  arrived_us INTEGER NOT NULL,
  owner BLOB NOT NULL,
  ticket INTEGER NOT NULL,
  confirm_ttl_ms INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  alive_until_ns INTEGER NOT NULL,
  boot BLOB NOT NULL,
  holder INTEGER NOT NULL,
  is_detached INTEGER NOT NULL
) STRICT;
CREATE INDEX waiter_place ON waiter (lock, arrived_us);
CREATE UNIQUE INDEX waiter_owner ON waiter (lock, owner);
CREATE TABLE waiter_tail (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
