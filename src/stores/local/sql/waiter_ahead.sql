-- How many are ahead of an entry. ?1 lock, ?2 arrived_us, ?3 id.
SELECT count(*) FROM waiter WHERE lock = ?1 AND (arrived_us, id) < (?2, ?3);
