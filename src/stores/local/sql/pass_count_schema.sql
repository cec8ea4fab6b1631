-- What format 3 adds to format 2 (docs/decisions/0011-barging.md).
--
-- lock.pass_count      how many grants in a row have gone past those who wait
ALTER TABLE lock ADD COLUMN pass_count INTEGER NOT NULL DEFAULT 0;
