-- Some of those in line. ?1 lock, ?2 how many are in front of them, ?3 how many.
SELECT id, owner, ticket, arrived_us, confirm_ttl_ms, floor, alive_until_ns, boot, holder, is_detached
FROM waiter WHERE lock = ?1 ORDER BY arrived_us, id LIMIT ?3 OFFSET ?2;
