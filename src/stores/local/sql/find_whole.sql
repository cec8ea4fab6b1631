-- One row with its whole value in two parts, for inspect and remove.
-- ?1 key.
SELECT lock.id, fence, granted_at_us, value, rest_size, expires_at_ns, boot, holder, waiting, pass_count, key, bytes
FROM lock LEFT JOIN rest ON rest.id = lock.id AND rest_size > 0 WHERE key = ?1;
