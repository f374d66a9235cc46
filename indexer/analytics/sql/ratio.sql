-- M1, M3, M4, M6: the share of paid inferences whose counted tier is $least_tier to $most_tier, for each
-- $weeks_each weeks of the window W1. A payer with n inferences weighs m = min(n, $cap): with $cap 1 all payers
-- weigh the same (M3), with 50 it is the capped share (M4), with one that nobody reaches the plain one (M1).
WITH cell AS (
    SELECT wk - (wk - $w1_first) % $weeks_each AS first_wk, payer, SUM(n) AS n,
           SUM(CASE WHEN counted BETWEEN $least_tier AND $most_tier THEN n ELSE 0 END) AS y
    FROM payer_week
    WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged
    GROUP BY wk - (wk - $w1_first) % $weeks_each, payer
),
capped AS (
    SELECT first_wk, n, y, CASE WHEN n < $cap THEN n ELSE $cap END AS m FROM cell
),
weighed AS (
    SELECT first_wk, n, y, m, 1e0 * y * m / n AS z FROM capped
),
total AS (
    SELECT first_wk, COUNT(*) AS payers, SUM(CASE WHEN y > 0 THEN 1 ELSE 0 END) AS users,
           SUM(n) AS inferences, SUM(y) AS hits,
           1e0 * SUM(m) AS weight, SUM(z) AS part, SUM(1e0 * m * m) AS squares
    FROM weighed GROUP BY first_wk
),
spread AS (      -- of payers around the share
    SELECT w.first_wk, SUM((w.z - t.part / t.weight * w.m) * (w.z - t.part / t.weight * w.m)) AS s
    FROM weighed AS w JOIN total AS t ON t.first_wk = w.first_wk GROUP BY w.first_wk
),
without AS (     -- the share without one payer
    SELECT w.first_wk, (t.part - w.z) / (t.weight - w.m) AS r
    FROM weighed AS w JOIN total AS t ON t.first_wk = w.first_wk WHERE t.weight > w.m
),
centre AS (
    SELECT first_wk, AVG(r) AS r FROM without GROUP BY first_wk
),
jackknife AS (
    SELECT w.first_wk, SUM((w.r - c.r) * (w.r - c.r)) AS s
    FROM without AS w JOIN centre AS c ON c.first_wk = w.first_wk GROUP BY w.first_wk
)
SELECT t.first_wk, t.payers, t.users, t.inferences, t.hits,
       t.part / t.weight AS share,
       t.weight * t.weight / t.squares AS n_eff,
       1e0 * t.payers / NULLIF(t.payers - 1, 0) * s.s / (t.weight * t.weight) AS variance_clustered,
       1e0 * (t.payers - 1) / t.payers * j.s AS variance_jackknife
FROM total AS t JOIN spread AS s ON s.first_wk = t.first_wk LEFT JOIN jackknife AS j ON j.first_wk = t.first_wk
ORDER BY t.first_wk
