-- Payers with 20 provers and 500 inferences: they are never suspected because of one prover.
SELECT payer FROM (SELECT payer, prover, SUM(n) AS n FROM settled_week WHERE payer <> 0 GROUP BY payer, prover) AS pair
GROUP BY payer HAVING COUNT(*) >= 20 AND SUM(n) >= 500
