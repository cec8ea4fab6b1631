-- Sets when a record expires (G1: set, never added to). ?1 id, ?2 expires_at_ns.
UPDATE lock SET expires_at_ns = ?2 WHERE id = ?1;
