-- A new record in place of whatever the row has: for a free or void row, or a take-over (G2, G4).
-- Leaves look_at_s alone: an index would change with it.
-- ?1 id, ?2 fence, ?3 granted_at_us, ?4 value, ?5 rest_size, ?6 expires_at_ns, ?7 boot, ?8 holder.
UPDATE lock SET fence = ?2, granted_at_us = ?3, value = ?4, rest_size = ?5, expires_at_ns = ?6,
  boot = ?7, holder = ?8
WHERE id = ?1;
