-- ?1 lock, ?2 arrived_us, ?3 owner, ?4 ticket, ?5 confirm_ttl_ms, ?6 floor, ?7 alive_until_ns, ?8 boot,
-- ?9 holder, ?10 is_detached.
INSERT INTO waiter (lock, arrived_us, owner, ticket, confirm_ttl_ms, floor, alive_until_ns, boot,
  holder, is_detached)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id;
