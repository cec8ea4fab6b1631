-- How many wait, and how many grants in a row have gone past them. ?1 id, ?2 waiting, ?3 pass count.
UPDATE lock SET waiting = ?2, pass_count = ?3 WHERE id = ?1;
