-- Prices of the paid inferences of a week. For SQLite and Postgres.
SELECT model_id, asset_id, CASE WHEN development OR unbound THEN 1 ELSE tier END AS counted,
       amount_e20, amount_e10, amount_e0, COUNT(*) AS n
FROM inference
WHERE id >= :first_id AND id < :end_id AND payer_id <> 0
GROUP BY 1, 2, 3, 4, 5, 6
