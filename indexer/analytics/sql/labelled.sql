-- M17 and M18: paid inferences of labelled pairs by rule and counted tier, beside all of the tier. An inference counts
-- for every rule that labels its pair.
WITH total AS (
    SELECT counted, SUM(n) AS n FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY counted)
SELECT l.rule, l.version, s.counted, COUNT(DISTINCT s.payer) AS payers, COUNT(DISTINCT s.prover) AS provers,
       SUM(s.n) AS n, MAX(t.n) AS total
FROM pair_label AS l
JOIN paid_week AS s ON s.payer = l.payer AND s.prover = l.prover
JOIN total AS t ON t.counted = s.counted
WHERE l.label = $label AND s.wk >= $w1_first AND s.wk < $w1_end
GROUP BY l.rule, l.version, s.counted ORDER BY l.rule, s.counted
