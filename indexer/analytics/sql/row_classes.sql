-- M18: every paid inference in one class. A pair with both labels is `self`. Without a label, a prover with fewer
-- than ten payers so far is too little to judge.
WITH known AS (SELECT prover, COUNT(DISTINCT payer) AS payers FROM paid_week WHERE wk < $w1_end GROUP BY prover),
     label AS (SELECT payer, prover, MIN(label) AS label FROM pair_label GROUP BY payer, prover),
     classed AS (
    SELECT CASE WHEN l.label = 'self' THEN 1 WHEN l.label IS NOT NULL THEN 2 WHEN k.payers < 10 THEN 3 ELSE 4 END AS class,
           s.payer, s.prover, s.counted, s.n
    FROM paid_week AS s JOIN known AS k ON k.prover = s.prover
    LEFT JOIN label AS l ON l.payer = s.payer AND l.prover = s.prover
    WHERE s.wk >= $w1_first AND s.wk < $w1_end)
SELECT class, COUNT(DISTINCT payer) AS payers, COUNT(DISTINCT prover) AS provers, SUM(n) AS n,
       SUM(CASE WHEN counted >= 2 THEN n ELSE 0 END) AS strong
FROM classed GROUP BY class ORDER BY class
