-- M13: what payment channels gave back, beside what was paid in the same token.
WITH back AS (
    SELECT asset, SUM(n) AS n, COUNT(DISTINCT payer) AS payers
    FROM refund_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY asset),
     paid AS (
    SELECT asset, SUM(n) AS n FROM paid_week WHERE wk >= $w1_first AND wk < $w1_end GROUP BY asset)
SELECT a.value, b.n, b.payers, COALESCE(p.n, 0) AS paid
FROM back AS b JOIN address AS a ON a.id = b.asset LEFT JOIN paid AS p ON p.asset = b.asset ORDER BY a.value
