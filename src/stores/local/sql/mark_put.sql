-- A shorter time does not cut that of the mark before it. ?1 key, ?2 value, ?3 expires_at_us.
INSERT INTO mark (key, value, expires_at_us) VALUES (?1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET value = ?2, expires_at_us = max(expires_at_us, ?3);
