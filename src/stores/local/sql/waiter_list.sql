-- The first in line, for people. ?1 lock, ?2 how many, ?3 how much of each tail.
SELECT owner, ticket, arrived_us, substr(bytes, 1, ?3)
FROM waiter LEFT JOIN waiter_tail USING (id)
WHERE lock = ?1 ORDER BY arrived_us, id LIMIT ?2;
