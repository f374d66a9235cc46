-- M11: payers by their most frequent counted tier in the earlier and in the later window. Ties go to the lower tier.
WITH used AS (
    SELECT CASE WHEN wk < $w1_first THEN 0 ELSE 1 END AS later, payer, counted, SUM(n) AS n
    FROM payer_week WHERE wk >= $w0_first AND wk < $w1_end AND flagged <= $flagged GROUP BY 1, 2, 3),
     ranked AS (
    SELECT later, payer, counted, ROW_NUMBER() OVER (PARTITION BY later, payer ORDER BY n DESC, counted) AS place
    FROM used),
     moved AS (
    SELECT payer, MAX(CASE WHEN later = 0 THEN counted END) AS from_tier,
           MAX(CASE WHEN later = 1 THEN counted END) AS to_tier
    FROM ranked WHERE place = 1 GROUP BY payer)
SELECT from_tier, to_tier, COUNT(*) AS payers FROM moved GROUP BY 1, 2 ORDER BY COALESCE(from_tier, 4), COALESCE(to_tier, 4)
