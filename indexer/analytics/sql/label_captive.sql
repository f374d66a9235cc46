-- Label `suspected`, rule `captive`: two payers or one make 90 % of what a prover settles, of 100 inferences in four
-- weeks or more. Payers with 20 provers and 500 inferences are spared. Of equally busy payers the one with the lowest
-- address comes first.
WITH pair AS (SELECT payer, prover, SUM(n) AS n FROM settled_week WHERE payer <> 0 GROUP BY payer, prover),
     life AS (SELECT prover, COUNT(DISTINCT wk) AS weeks FROM settled_week WHERE payer <> 0 GROUP BY prover),
     spared AS (SELECT payer FROM pair GROUP BY payer HAVING COUNT(*) >= 20 AND SUM(n) >= 500),
     ranked AS (
    SELECT payer, prover, n, ROW_NUMBER() OVER (PARTITION BY prover ORDER BY n DESC, LOWER(a.value)) AS place,
           SUM(n) OVER (PARTITION BY prover) AS total
    FROM pair JOIN address AS a ON a.id = pair.payer),
     largest AS (
    SELECT prover, SUM(CASE WHEN place = 1 THEN n ELSE 0 END) AS one, SUM(n) AS two, MAX(total) AS total
    FROM ranked WHERE place <= 2 GROUP BY prover)
SELECT r.payer, r.prover, 0.7 + 1.0 * l.two / l.total - 0.9 AS confidence
FROM ranked AS r JOIN largest AS l ON l.prover = r.prover JOIN life AS f ON f.prover = r.prover
WHERE r.place <= CASE WHEN 10 * l.one >= 9 * l.total THEN 1 ELSE 2 END
  AND 10 * l.two >= 9 * l.total AND l.total >= 100 AND f.weeks >= 4
  AND r.payer NOT IN (SELECT payer FROM spared)
