-- Seconds from `served_at_s`, which the prover states, to the block that settled. Stated times behind the block
-- become -1, those longer ago than the limit become the limit. Below zero are stored times from 2^63 on.
SELECT i.tier, CASE WHEN i.development OR i.unbound THEN 1 ELSE i.tier END AS counted,
       CASE WHEN i.served_at_s < 0 OR i.served_at_s > b.timestamp_s THEN -1
            WHEN i.served_at_s < b.timestamp_s - :limit_s THEN :limit_s
            ELSE b.timestamp_s - i.served_at_s END AS latency_s, COUNT(*) AS n
FROM inference AS i JOIN block AS b ON b.id = i.id >> 20
WHERE i.id >= :first_id AND i.id < :end_id
GROUP BY 1, 2, 3
