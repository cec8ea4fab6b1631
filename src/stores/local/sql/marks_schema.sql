-- What format 5 adds (docs/decisions/0020-once-per-period.md).
--
-- mark: what a release left beside a lock: that its work was done.
--   key            of the lock; also where that has no row any more
--   value          core/done_mark.hpp
--   expires_at_us  wall clock, us since 1970: a mark outlives a reboot
CREATE TABLE mark (
  key BLOB PRIMARY KEY,
  value BLOB NOT NULL,
  expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_expires ON mark (expires_at_us);
