-- ?1 id.
DELETE FROM rest WHERE id = ?1;
