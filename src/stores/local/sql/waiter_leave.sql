-- ?1 id.
DELETE FROM waiter WHERE id = ?1;
