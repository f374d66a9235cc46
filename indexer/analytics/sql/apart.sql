-- M1: what the count share leaves aside, per tier: on_chain counts paid inferences by the tier that the contract
-- verified, labelled evidence among them, and free counts inferences that nobody paid.
SELECT tier, SUM(on_chain) AS on_chain, SUM(free) AS free
FROM (
    SELECT achieved AS tier, n AS on_chain, 0 AS free FROM paid_week
    WHERE wk >= $w1_first AND wk < $w1_end AND flagged <= $flagged
    UNION ALL
    SELECT counted AS tier, 0 AS on_chain, n AS free FROM settled_week
    WHERE wk >= $w1_first AND wk < $w1_end AND payer = 0
) AS both_kinds
GROUP BY tier ORDER BY tier
