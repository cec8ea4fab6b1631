-- The row holds no record any more; its fence stays. ?1 id.
UPDATE lock SET value = NULL, rest_size = 0, expires_at_ns = NULL, boot = NULL, holder = NULL
WHERE id = ?1;
