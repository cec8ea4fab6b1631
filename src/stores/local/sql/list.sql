-- Rows with a value, in the order of their keys' bytes, from one key on. The reader stops where the
-- prefix it looks for ends. ?1 first key.
SELECT lock.id, fence, granted_at_us, value, rest_size, expires_at_ns, boot, holder, waiting, pass_count, key, bytes
FROM lock LEFT JOIN rest ON rest.id = lock.id AND rest_size > 0
WHERE key >= ?1 AND value IS NOT NULL
ORDER BY key;
