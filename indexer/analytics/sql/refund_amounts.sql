-- M13: the amounts of those refunds, to be added up outside: sums may have more than 64 bits in a column.
SELECT a.value, SUM(r.n) AS n, r.amount_e20, r.amount_e10, r.amount_e0
FROM refund_week AS r JOIN address AS a ON a.id = r.asset WHERE r.wk >= $w1_first AND r.wk < $w1_end
GROUP BY a.value, r.amount_e20, r.amount_e10, r.amount_e0 ORDER BY a.value, r.amount_e20, r.amount_e10, r.amount_e0
