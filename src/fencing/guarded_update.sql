-- Writes a row unless a higher fence has written it before.
-- Parameters, in this order: value, fence, id, fence.
-- No row changed: refused, or there is no such row. The CASE keeps 0 out, which is no fence.
UPDATE guarded SET value = ?, fence = ?
WHERE id = ? AND CASE WHEN fence > 0 THEN fence ELSE 1 END <= ?
