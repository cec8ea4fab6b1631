-- A row for a key that has none, without a holder yet. ?1 key, ?2 look_at_s.
INSERT INTO lock (key, fence, granted_at_us, look_at_s) VALUES (?1, 0, 0, ?2) RETURNING id;
