-- What was left untouched in a week. Reasons that none of our contracts declares are one.
SELECT 'receipt' AS kind, COALESCE(reason_name, 'unknown') AS reason, COUNT(*) AS n
FROM receipt_skipped WHERE id >= :first_id AND id < :end_id GROUP BY 2
UNION ALL
SELECT 'group', COALESCE(reason_name, 'unknown'), COUNT(*)
FROM group_skipped WHERE id >= :first_id AND id < :end_id GROUP BY 2
