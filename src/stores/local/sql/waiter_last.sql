-- The latest arrival of a queue that is one; NULL: there is none. ?1 lock, ?2 the latest that may be.
SELECT max(arrived_us) FROM waiter WHERE lock = ?1 AND arrived_us BETWEEN 0 AND ?2;
