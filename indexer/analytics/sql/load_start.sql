-- The first paid inference of each payer at each prover in a week.
SELECT i.payer_id, i.prover_id, b.timestamp_s, i.asset_id, i.amount_e20, i.amount_e10, i.amount_e0
FROM (SELECT MIN(id) AS id FROM inference
      WHERE id >= :first_id AND id < :end_id AND payer_id <> 0
      GROUP BY payer_id, prover_id) AS f
JOIN inference AS i ON i.id = f.id
JOIN block AS b ON b.id = i.id >> 20
