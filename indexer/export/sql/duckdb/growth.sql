-- Each tier by week (from Monday, UTC) beside the week before. Inferences with labelled evidence are left out.
WITH week AS (
    SELECT
        CAST(date_trunc('week', utc(block_time)) AS DATE) AS week,
        tier,
        count(*) AS inferences
    FROM inference
    WHERE NOT development AND NOT unbound
    GROUP BY ALL
)
SELECT
    week.week,
    week.tier,
    week.inferences,
    coalesce(before.inferences, 0) AS inferences_before,
    round(100.0 * (week.inferences - before.inferences) / before.inferences, 2) AS growth_percent
FROM week
LEFT JOIN week AS before ON before.tier = week.tier AND before.week = week.week - 7
ORDER BY week.week, week.tier;
