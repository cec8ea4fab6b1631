-- In the order of their keys' bytes, from one key on. ?1 first key, ?2 the wall clock.
SELECT key, value FROM mark WHERE key >= ?1 AND expires_at_us > ?2 ORDER BY key;
