-- What payment channels gave back in a week. Not summed: anybody's token may state amounts of 128 bits.
SELECT payer_id, prover_id, asset_id, COUNT(*) AS n, amount_e20, amount_e10, amount_e0
FROM channel_refunded
WHERE id >= :first_id AND id < :end_id
GROUP BY 1, 2, 3, 5, 6, 7
