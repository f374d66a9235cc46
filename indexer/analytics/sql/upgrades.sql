-- M11 week by week: payers who were there the week before, too, and those who used a strong tier for the first time.
WITH used AS (
    SELECT wk, payer, counted, SUM(n) AS n FROM payer_week WHERE wk < $w1_end AND flagged <= $flagged GROUP BY 1, 2, 3),
     ranked AS (
    SELECT wk, payer, counted, ROW_NUMBER() OVER (PARTITION BY wk, payer ORDER BY n DESC, counted) AS place FROM used),
     modal AS (
    SELECT wk, counted, LAG(wk) OVER (PARTITION BY payer ORDER BY wk) AS wk_before,
           LAG(counted) OVER (PARTITION BY payer ORDER BY wk) AS counted_before
    FROM ranked WHERE place = 1),
     stayed AS (
    SELECT wk, COUNT(*) AS payers, SUM(CASE WHEN counted > counted_before THEN 1 ELSE 0 END) AS up,
           SUM(CASE WHEN counted < counted_before THEN 1 ELSE 0 END) AS down
    FROM modal WHERE wk_before = wk - 1 GROUP BY wk),
     first_strong AS (SELECT payer, MIN(wk) AS wk FROM used WHERE counted >= 2 GROUP BY payer),
     began AS (SELECT wk, COUNT(*) AS payers FROM first_strong GROUP BY wk)
SELECT w.wk, COALESCE(s.payers, 0) AS stayed, COALESCE(s.up, 0) AS upgraded, COALESCE(s.down, 0) AS downgraded,
       COALESCE(b.payers, 0) AS first_strong
FROM week AS w LEFT JOIN stayed AS s ON s.wk = w.wk LEFT JOIN began AS b ON b.wk = w.wk
WHERE w.wk >= $w1_first AND w.wk < $w1_end ORDER BY w.wk
