-- M14: the least latency that a part of the inferences does not exceed. Stated later than settled counts as 0 s.
WITH grouped AS (
    SELECT counted, CASE WHEN latency_s < 0 THEN 0 ELSE latency_s END AS latency_s, SUM(n) AS n,
           SUM(CASE WHEN latency_s < 0 THEN n ELSE 0 END) AS stated_later
    FROM latency_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY 1, 2),
     summed AS (
    SELECT counted, latency_s, n, stated_later, SUM(n) OVER (PARTITION BY counted ORDER BY latency_s) AS up_to,
           SUM(n) OVER (PARTITION BY counted) AS total
    FROM grouped)
SELECT counted, MAX(total) AS n, MIN(CASE WHEN 100 * up_to >= 50 * total THEN latency_s END) AS p50,
       MIN(CASE WHEN 100 * up_to >= 90 * total THEN latency_s END) AS p90,
       MIN(CASE WHEN 100 * up_to >= 99 * total THEN latency_s END) AS p99, SUM(stated_later) AS stated_later,
       SUM(CASE WHEN latency_s >= $limit_s THEN n ELSE 0 END) AS at_limit
FROM summed GROUP BY counted ORDER BY counted
