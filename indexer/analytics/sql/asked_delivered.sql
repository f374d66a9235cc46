-- M13: counted tiers by the tier that the payer asked for at least.
SELECT required, SUM(n) AS n, SUM(CASE WHEN counted >= required THEN n ELSE 0 END) AS at_least,
       SUM(CASE WHEN counted > required THEN n ELSE 0 END) AS above,
       SUM(CASE WHEN counted = 1 THEN n ELSE 0 END) AS signed,
       SUM(CASE WHEN counted = 2 THEN n ELSE 0 END) AS tee, SUM(CASE WHEN counted = 3 THEN n ELSE 0 END) AS zkml
FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged
GROUP BY required ORDER BY required
