-- Settlements of other contracts by week, each claim once.
SELECT (r.block_timestamp_s - 345600) / 604800 AS wk, r.form, r.claimed_batch_size, COUNT(*) AS n
FROM recorded_settlement AS r JOIN recorded_source AS s ON s.id = r.source_id
WHERE NOT r.repeated AND r.block <= s.final_block
GROUP BY 1, 2, 3
