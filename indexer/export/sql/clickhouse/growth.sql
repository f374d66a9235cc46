-- Each tier by week (from Monday, UTC) beside the week before. Inferences with labelled evidence are left out.
WITH weeks AS (
    SELECT toMonday(day) AS week, tier, sum(inferences) AS inferences
    FROM rollup_day_model
    WHERE NOT development AND NOT unbound
    GROUP BY week, tier
)
SELECT
    weeks.week AS week,
    weeks.tier AS tier,
    weeks.inferences AS inferences,
    earlier.inferences AS inferences_before,
    if(
        earlier.inferences = 0,
        NULL,
        round(100 * (toInt64(weeks.inferences) - toInt64(earlier.inferences)) / earlier.inferences, 2)
    ) AS growth_percent
FROM weeks
LEFT JOIN weeks AS earlier ON earlier.tier = weeks.tier AND earlier.week = weeks.week - 7
ORDER BY week, tier;
