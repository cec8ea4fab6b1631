-- A few rows that housekeeping should look at. One that is due implausibly late was written before
-- the wall clock was set back.
-- ?1 now, ?2 the latest plausible time, both s since 1970; ?3 how many.
SELECT id, fence, granted_at_us, iif(length(value) > 128, substr(value, 1, 128), value), rest_size, expires_at_ns, boot, holder, waiting, pass_count
FROM lock WHERE look_at_s <= ?1 OR look_at_s > ?2 LIMIT ?3;
