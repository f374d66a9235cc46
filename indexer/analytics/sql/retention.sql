-- M12: cohorts that begin in either window, followed up to the end of the later one. The first tier is the most
-- frequent one of the first week, of ties the lower one.
WITH used AS (
    SELECT wk, payer, counted, SUM(n) AS n FROM payer_week WHERE wk < $w1_end AND flagged <= $flagged GROUP BY 1, 2, 3),
     ranked AS (
    SELECT wk, payer, counted, ROW_NUMBER() OVER (PARTITION BY wk, payer ORDER BY n DESC, counted) AS place FROM used),
     modal AS (
    SELECT wk AS seen, counted, MIN(wk) OVER (PARTITION BY payer) AS wk,
           FIRST_VALUE(counted) OVER (PARTITION BY payer ORDER BY wk) AS tier
    FROM ranked WHERE place = 1),
     active AS (
    SELECT wk, tier, seen, COUNT(*) AS any_tier, SUM(CASE WHEN counted = tier THEN 1 ELSE 0 END) AS same_tier
    FROM modal WHERE wk >= $w0_first GROUP BY wk, tier, seen)
SELECT s.wk, s.tier, w.wk - s.wk AS weeks_later, s.any_tier AS payers, COALESCE(a.any_tier, 0), COALESCE(a.same_tier, 0)
FROM active AS s
JOIN week AS w ON w.wk >= s.wk AND w.wk < $w1_end
LEFT JOIN active AS a ON a.wk = s.wk AND a.tier = s.tier AND a.seen = w.wk
WHERE s.seen = s.wk ORDER BY s.wk, s.tier, w.wk
