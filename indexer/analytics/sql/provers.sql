-- Who was paid or worked for nothing.
SELECT DISTINCT s.prover, a.value FROM settled_week AS s JOIN address AS a ON a.id = s.prover
