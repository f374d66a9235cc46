-- M17 and M18: every labelled pair, and what it settled.
WITH settled AS (
    SELECT payer, prover, SUM(n) AS n, MIN(wk) AS first_week, MAX(wk) AS last_week
    FROM settled_week WHERE payer <> 0 GROUP BY payer, prover)
SELECT u.value AS payer, p.value AS prover, l.label, l.rule, l.version, l.confidence, s.n, s.first_week, s.last_week
FROM pair_label AS l
JOIN settled AS s ON s.payer = l.payer AND s.prover = l.prover
JOIN address AS u ON u.id = l.payer JOIN address AS p ON p.id = l.prover
ORDER BY l.label, s.n DESC, u.value, p.value, l.rule
