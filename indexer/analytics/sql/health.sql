-- M20: one row.
SELECT block, block_time_s, final_block, final_block_time_s, block_time_s - final_block_time_s AS final_lag_s, inferences,
       inferences - next_seq AS counter_difference, incidents, open_incidents, verified_block, verified_at_s,
       CASE WHEN problems IS NULL THEN NULL WHEN problems = '' THEN 1 ELSE 0 END AS verified, verified_digest
FROM health
