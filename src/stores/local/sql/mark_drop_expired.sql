-- Some of them: each mark that is written makes space for itself. ?1 the wall clock.
DELETE FROM mark
WHERE key IN (SELECT key FROM mark WHERE expires_at_us <= ?1 ORDER BY expires_at_us LIMIT 4);
