-- ?1 key, ?2 the wall clock.
SELECT key, value FROM mark WHERE key = ?1 AND expires_at_us > ?2;
