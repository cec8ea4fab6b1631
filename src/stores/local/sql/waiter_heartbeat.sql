-- ?1 id, ?2 alive_until_ns.
UPDATE waiter SET alive_until_ns = ?2 WHERE id = ?1;
