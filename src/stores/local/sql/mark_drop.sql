-- ?1 key.
DELETE FROM mark WHERE key = ?1;
