-- Settled inferences whose group is doubtful. A group's event comes behind its inferences, and each inference has one,
-- so they lie between it and the event of another group before it in the block. A group counts once, for its key first.
WITH key_doubt (key, since_s) AS (VALUES {keys}),
     model_doubt (route, model) AS (VALUES {models}),
     doubtful AS (
    SELECT 'EnclaveCompromised' AS cause, g.key AS subject, g.id, b.timestamp_s
    FROM group_settled AS g
    JOIN block AS b ON b.id = g.id >> 20
    JOIN key_doubt AS d ON d.key = g.key AND d.since_s <= b.timestamp_s
    WHERE g.id >= :first_id AND g.id < :end_id
    UNION ALL
    SELECT 'ContradictionShown', g.route, g.id, b.timestamp_s
    FROM group_settled AS g
    JOIN block AS b ON b.id = g.id >> 20
    JOIN model AS m ON m.id = g.model_id
    JOIN model_doubt AS d ON d.route = g.route AND d.model = m.value
    WHERE g.id >= :first_id AND g.id < :end_id
      AND NOT EXISTS (SELECT 1 FROM key_doubt AS k WHERE k.key = g.key AND k.since_s <= b.timestamp_s)),
     bounded AS (
    SELECT (timestamp_s - 345600) / 604800 AS wk, cause, subject, id,
           (SELECT COALESCE(MAX(p.id), ((d.id >> 20) << 20) - 1)
            FROM group_settled AS p WHERE p.id < d.id AND p.id >= (d.id >> 20) << 20) AS after_id
    FROM doubtful AS d WHERE timestamp_s < :end_s)
SELECT b.wk, i.payer_id, i.prover_id, i.model_id, i.asset_id, i.floor, i.tier,
       CASE WHEN i.development OR i.unbound THEN 1 ELSE i.tier END AS counted, b.cause, b.subject, COUNT(*) AS n
FROM bounded AS b JOIN inference AS i ON i.id > b.after_id AND i.id < b.id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
