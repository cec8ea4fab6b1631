-- It has no holder, and stays until it expires. ?1 id,
-- ?2 what stands of the value in this row, ?3 expires_at_ns.
UPDATE lock SET value = ?2, expires_at_ns = ?3, holder = NULL WHERE id = ?1;
