-- The week behind the last one.
SELECT MAX(wk) + 1 FROM week
