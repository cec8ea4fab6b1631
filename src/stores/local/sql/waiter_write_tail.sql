-- ?1 id, ?2 bytes.
INSERT OR REPLACE INTO waiter_tail (id, bytes) VALUES (?1, ?2);
