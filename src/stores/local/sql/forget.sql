-- A row of no more use: free, and its fence older than a day (G8). ?1 id.
DELETE FROM lock WHERE id = ?1;
