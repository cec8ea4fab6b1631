-- The tables of format 1; waiters_schema.sql, pass_count_schema.sql and marks_schema.sql have what came later.
--
-- lock: one row for each key that is held, or was during the last day.
--   fence           the highest that was handed out; kept for a day after granted_at_us (G2)
--   granted_at_us   wall clock of the last grant, us since 1970
--   look_at_s       wall clock, s since 1970: when to look whether the row is of use still (G8)
--   value           the record, its first 600 bytes at most; NULL: no holder
--   rest_size       how many bytes more there are in `rest`
--   expires_at_ns   CLOCK_BOOTTIME of the boot named beside it; NULL: never
--   boot            16 bytes; in any other boot the record is void
--   holder          offset of the byte in the file `holders` that is locked while the holder lives
--                   (holder.hpp); NULL: none, the record lives until it expires
--
-- rest: what is longer stands apart, so that the cost of a refresh does not grow with the contents.
CREATE TABLE lock (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  fence INTEGER NOT NULL,
  granted_at_us INTEGER NOT NULL,
  look_at_s INTEGER NOT NULL,
  value BLOB,
  rest_size INTEGER NOT NULL DEFAULT 0,
  expires_at_ns INTEGER,
  boot BLOB,
  holder INTEGER
) STRICT;
CREATE INDEX lock_look_at ON lock (look_at_s);
CREATE TABLE rest (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
