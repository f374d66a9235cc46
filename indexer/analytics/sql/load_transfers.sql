-- Tokens that went to payers, from anybody.
SELECT r.id AS recipient, t.sender, a.id AS asset, t.block_timestamp_s, t.amount_e20, t.amount_e10, t.amount_e0
FROM token_transfer AS t
JOIN address AS r ON r.value = t.recipient
JOIN address AS a ON a.value = t.asset
WHERE t.chain_id = :chain_id AND t.block <= :final_block AND t.block_timestamp_s < :end_s
