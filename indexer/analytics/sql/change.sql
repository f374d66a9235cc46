-- M7, M8 and M9: the share of the counted tiers $least_tier to $most_tier in the windows W0 and W1, payer by payer.
-- Weights are those of ratio.sql, and 0 stands for them where a payer is absent.
WITH cell AS (
    SELECT payer,
           SUM(CASE WHEN wk < $w0_end THEN n ELSE 0 END) AS n0,
           SUM(CASE WHEN wk < $w0_end AND counted BETWEEN $least_tier AND $most_tier THEN n ELSE 0 END) AS y0,
           SUM(CASE WHEN wk >= $w1_first THEN n ELSE 0 END) AS n1,
           SUM(CASE WHEN wk >= $w1_first AND counted BETWEEN $least_tier AND $most_tier THEN n ELSE 0 END) AS y1
    FROM payer_week
    WHERE ((wk >= $w0_first AND wk < $w0_end) OR (wk >= $w1_first AND wk < $w1_end)) AND flagged <= $flagged
    GROUP BY payer
),
weighed AS (
    SELECT CASE WHEN n0 < $cap THEN n0 ELSE $cap END AS m0, CASE WHEN n0 > 0 THEN 1e0 * y0 / n0 ELSE 0e0 END AS s0,
           CASE WHEN n1 < $cap THEN n1 ELSE $cap END AS m1, CASE WHEN n1 > 0 THEN 1e0 * y1 / n1 ELSE 0e0 END AS s1
    FROM cell
),
total AS (
    SELECT COUNT(*) AS payers, NULLIF(1e0 * SUM(m0), 0) AS weight0, NULLIF(1e0 * SUM(m1), 0) AS weight1,
           SUM(m0 * s0) / NULLIF(1e0 * SUM(m0), 0) AS share0, SUM(m1 * s1) / NULLIF(1e0 * SUM(m1), 0) AS share1,
           SUM(1e0 * m0 * m0) AS squares0, SUM(1e0 * m1 * m1) AS squares1
    FROM weighed
),
placed AS (      -- w: weight in the window, d: what a payer adds to the change, less what it was expected to
    SELECT w.m0, w.m1, w.s0, w.s1, w.m0 / t.weight0 AS w0, w.m1 / t.weight1 AS w1, (t.share0 + t.share1) / 2 AS middle,
           w.m1 * (w.s1 - t.share1) / t.weight1 - w.m0 * (w.s0 - t.share0) / t.weight0 AS d
    FROM weighed AS w CROSS JOIN total AS t
),
added AS (
    SELECT SUM(d * d) AS squares,
           SUM(CASE WHEN m0 > 0 AND m1 > 0 THEN 1 ELSE 0 END) AS stayed,
           SUM(CASE WHEN m0 = 0 THEN 1 ELSE 0 END) AS entered, SUM(CASE WHEN m1 = 0 THEN 1 ELSE 0 END) AS gone,
           SUM(CASE WHEN m0 > 0 AND m1 > 0 THEN (w0 + w1) / 2 * (s1 - s0) ELSE 0e0 END) AS switching,
           SUM(CASE WHEN m0 > 0 AND m1 > 0 THEN (w1 - w0) * ((s0 + s1) / 2 - middle) ELSE 0e0 END) AS mix,
           SUM(CASE WHEN m0 = 0 THEN w1 * (s1 - middle) ELSE 0e0 END) AS entrants,
           -SUM(CASE WHEN m1 = 0 THEN w0 * (s0 - middle) ELSE 0e0 END) AS leavers
    FROM placed
)
SELECT t.share0, t.share1, t.weight0 * t.weight0 / t.squares0 AS n_eff0, t.weight1 * t.weight1 / t.squares1 AS n_eff1,
       1e0 * t.payers / NULLIF(t.payers - 1, 0) * a.squares AS variance,
       a.stayed, a.entered, a.gone, a.switching, a.mix, a.entrants, a.leavers
FROM total AS t CROSS JOIN added AS a
WHERE t.payers > 0
