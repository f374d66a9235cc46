-- What payment channels gave back in a week.
SELECT payer_id, prover_id, asset_id, COUNT(*) AS n, SUM(amount_e20), SUM(amount_e10), SUM(amount_e0)
FROM channel_refunded
WHERE id >= :first_id AND id < :end_id
GROUP BY 1, 2, 3
