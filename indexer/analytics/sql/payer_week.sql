-- Fills payer_week, when weeks and labels are loaded.
INSERT INTO payer_week (wk, payer, flagged, counted, n)
SELECT wk, payer, flagged, counted, SUM(n) FROM paid_week GROUP BY wk, payer, flagged, counted
