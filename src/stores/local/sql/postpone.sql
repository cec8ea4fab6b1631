-- Housekeeping has looked and found the row of use. ?1 id, ?2 look_at_s.
UPDATE lock SET look_at_s = ?2 WHERE id = ?1;
