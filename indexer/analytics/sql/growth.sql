-- M10: paid inferences per payer, week and counted tier in the windows W0 and W1.
SELECT payer, wk, counted, SUM(n) AS n FROM payer_week
WHERE wk >= $w0_first AND wk < $w1_end AND flagged <= $flagged
GROUP BY payer, wk, counted ORDER BY payer, wk, counted
