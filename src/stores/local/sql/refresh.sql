-- Sets when a record expires (G1: set, never added to). ?1 id, ?2 expires_at_ns, ?3 1: it outlives
-- its holder from now on.
UPDATE lock SET expires_at_ns = ?2, holder = iif(?3, NULL, holder) WHERE id = ?1;
