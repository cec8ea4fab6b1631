-- ?1 id.
DELETE FROM waiter_tail WHERE id = ?1 RETURNING bytes;
