-- The part of a value that is too long for its row. ?1 id, ?2 bytes.
INSERT OR REPLACE INTO rest (id, bytes) VALUES (?1, ?2);
