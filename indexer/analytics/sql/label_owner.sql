-- Label `self`, rule `owner`: the payer registered every model that the prover has served, to anybody.
WITH served AS (SELECT DISTINCT prover, model FROM settled_week),
     owned AS (
    SELECT s.prover, MIN(o.owner) AS owner
    FROM served AS s LEFT JOIN model_owner AS o ON o.model = s.model
    GROUP BY s.prover HAVING COUNT(o.owner) = COUNT(*) AND MIN(o.owner) = MAX(o.owner))
SELECT DISTINCT s.payer, s.prover, NULL AS confidence
FROM settled_week AS s
JOIN owned AS o ON o.prover = s.prover
JOIN address AS a ON a.id = s.payer AND a.value = o.owner
WHERE s.payer <> 0 AND s.payer <> s.prover
