-- How many wait. ?1 id, ?2 waiting.
UPDATE lock SET waiting = ?2 WHERE id = ?1;
