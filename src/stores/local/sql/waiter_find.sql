-- The entry of one lock object. ?1 lock, ?2 owner.
SELECT id, owner, ticket, arrived_us, confirm_ttl_ms, floor, alive_until_ns, boot, holder, is_detached
FROM waiter WHERE lock = ?1 AND owner = ?2;
