-- M15: the lower median price of each model, token and counted tier.
WITH priced AS (
    SELECT model, asset, counted, amount_e20, amount_e10, amount_e0, SUM(n) AS n
    FROM price_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY 1, 2, 3, 4, 5, 6),
     summed AS (
    SELECT model, asset, counted, amount_e20, amount_e10, amount_e0, n,
           SUM(n) OVER (PARTITION BY model, asset, counted ORDER BY amount_e20, amount_e10, amount_e0) AS up_to,
           SUM(n) OVER (PARTITION BY model, asset, counted) AS total
    FROM priced)
SELECT m.value AS model, a.value AS asset, s.counted, s.total, s.amount_e20, s.amount_e10, s.amount_e0
FROM summed AS s JOIN model AS m ON m.id = s.model JOIN address AS a ON a.id = s.asset
WHERE 2 * s.up_to >= s.total AND 2 * (s.up_to - s.n) < s.total ORDER BY m.value, a.value, s.counted
