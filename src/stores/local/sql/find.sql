-- One row, and as much of its value as shows whose it is.
-- (substr alone would make NULL of an empty value, and a held lock a free one.)
-- ?1 key. No row: the key was not used for a day.
SELECT id, fence, granted_at_us, iif(length(value) > 128, substr(value, 1, 128), value), rest_size, expires_at_ns, boot, holder, waiting, pass_count
FROM lock WHERE key = ?1;
