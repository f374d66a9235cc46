-- M12: cohorts that begin in either window, followed up to the end of the later one. The first tier is the most
-- frequent one of the first week; ties go to the lower tier.
WITH used AS (
    SELECT wk, payer, counted, SUM(n) AS n FROM payer_week WHERE wk < $w1_end AND flagged <= $flagged GROUP BY 1, 2, 3),
     ranked AS (
    SELECT wk, payer, counted, ROW_NUMBER() OVER (PARTITION BY wk, payer ORDER BY n DESC, counted) AS place FROM used),
     modal AS (SELECT wk, payer, counted FROM ranked WHERE place = 1),
     first_week AS (SELECT payer, MIN(wk) AS wk FROM modal GROUP BY payer),
     cohort AS (
    SELECT m.payer, m.wk, m.counted AS tier
    FROM modal AS m JOIN first_week AS f ON f.payer = m.payer AND f.wk = m.wk WHERE m.wk >= $w0_first),
     size AS (SELECT wk, tier, COUNT(*) AS payers FROM cohort GROUP BY wk, tier),
     active AS (
    SELECT c.wk, c.tier, m.wk AS at, COUNT(*) AS any_tier, SUM(CASE WHEN m.counted = c.tier THEN 1 ELSE 0 END) AS same_tier
    FROM cohort AS c JOIN modal AS m ON m.payer = c.payer GROUP BY c.wk, c.tier, m.wk)
SELECT s.wk, s.tier, w.wk - s.wk AS weeks_later, s.payers, COALESCE(a.any_tier, 0), COALESCE(a.same_tier, 0)
FROM size AS s
JOIN week AS w ON w.wk >= s.wk AND w.wk < $w1_end
LEFT JOIN active AS a ON a.wk = s.wk AND a.tier = s.tier AND a.at = w.wk
ORDER BY s.wk, s.tier, w.wk
