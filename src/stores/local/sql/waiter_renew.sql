-- A newer ticket of the same lock object in the place of the older one. ?1 id, ?2 ticket,
-- ?3 confirm_ttl_ms, ?4 floor, ?5 alive_until_ns, ?6 boot, ?7 holder, ?8 is_detached.
UPDATE waiter SET ticket = ?2, confirm_ttl_ms = ?3, floor = ?4, alive_until_ns = ?5, boot = ?6,
  holder = ?7, is_detached = ?8
WHERE id = ?1;
