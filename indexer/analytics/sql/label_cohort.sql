-- Label `suspected`, rule `cohort`: of ten payers of a prover or more, 80 % begin with the same amount, 70 % within one
-- hour, and those who do both are about equally busy (variation of their counts at most 0.5). Payers with 20 provers
-- and 500 inferences are spared.
WITH pair AS (SELECT payer, prover, SUM(n) AS n FROM settled_week WHERE payer <> 0 GROUP BY payer, prover),
     spared AS (SELECT payer FROM pair GROUP BY payer HAVING COUNT(*) >= 20 AND SUM(n) >= 500),
     begun AS (
    SELECT s.*, ROW_NUMBER() OVER (PARTITION BY payer, prover ORDER BY wk) AS place FROM start_week AS s),
     starter AS (
    SELECT b.payer, b.prover, b.time_s, b.asset, b.amount_e20, b.amount_e10, b.amount_e0, p.n,
           COUNT(*) OVER (PARTITION BY b.prover) AS payers,
           COUNT(*) OVER (PARTITION BY b.prover ORDER BY b.time_s RANGE BETWEEN CURRENT ROW AND 3599 FOLLOWING)
               AS in_hour,
           COUNT(*) OVER (PARTITION BY b.prover, b.asset, b.amount_e20, b.amount_e10, b.amount_e0) AS alike
    FROM begun AS b JOIN pair AS p ON p.payer = b.payer AND p.prover = b.prover WHERE b.place = 1),
     best AS (
    SELECT prover, time_s AS hour_s, in_hour, payers,
           ROW_NUMBER() OVER (PARTITION BY prover ORDER BY in_hour DESC, time_s) AS place FROM starter),
     member AS (
    SELECT b.payer, b.prover, b.n, b.alike, h.in_hour, h.payers
    FROM starter AS b JOIN best AS h ON h.prover = b.prover AND h.place = 1
    WHERE h.payers >= 10 AND 10 * h.in_hour >= 7 * h.payers AND 10 * b.alike >= 8 * h.payers
      AND b.time_s >= h.hour_s AND b.time_s < h.hour_s + 3600),
     steady AS (
    SELECT prover FROM member GROUP BY prover
    HAVING 4 * COUNT(*) * SUM(n * n) <= 5 * SUM(n) * SUM(n))
SELECT m.payer, m.prover,
       0.7 + 0.1 * (5.0 * m.alike / m.payers - 4) + 0.1 * (10.0 * m.in_hour / m.payers - 7) / 3 AS confidence
FROM member AS m
WHERE m.prover IN (SELECT prover FROM steady) AND m.payer NOT IN (SELECT payer FROM spared)
