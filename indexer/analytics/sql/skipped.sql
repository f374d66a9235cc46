-- M13: what was left untouched, and why.
SELECT kind, reason, SUM(n) AS n FROM skipped_week WHERE wk >= $w1_first AND wk < $w1_end
GROUP BY kind, reason ORDER BY kind DESC, n DESC, reason
