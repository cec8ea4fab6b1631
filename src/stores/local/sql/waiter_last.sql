-- The latest arrival of a queue; NULL: nobody waits. ?1 lock.
SELECT max(arrived_us) FROM waiter WHERE lock = ?1;
