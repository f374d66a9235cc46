-- M19: what is doubtful since when, and how many settled inferences that concerns.
WITH concerned AS (SELECT cause, subject, model, SUM(n) AS n FROM tainted_week GROUP BY cause, subject, model)
SELECT d.cause, d.subject, NULLIF(MIN(d.since_s), 0) AS since_s, MIN(d.declared_s) AS first_s, MAX(d.declared_s) AS last_s,
       (SELECT COALESCE(SUM(c.n), 0) FROM concerned AS c LEFT JOIN model AS m ON m.id = c.model
        WHERE c.cause = d.cause AND c.subject = d.subject AND (d.model IS NULL OR d.model = m.value)) AS n, d.model
FROM doubt AS d GROUP BY d.cause, d.subject, d.model ORDER BY last_s DESC, d.cause, d.subject, d.model
