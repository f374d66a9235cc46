-- What some payers paid, by block time.
SELECT i.payer_id, i.prover_id, i.asset_id, b.timestamp_s, COUNT(*) AS n,
       SUM(i.amount_e20), SUM(i.amount_e10), SUM(i.amount_e0)
FROM inference AS i JOIN block AS b ON b.id = i.id >> 20
WHERE i.payer_id IN :payers AND i.id >= :first_id AND i.id < :end_id AND b.timestamp_s < :end_s
GROUP BY 1, 2, 3, 4
