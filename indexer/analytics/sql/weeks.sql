-- Loaded weeks and the number of their inferences, free ones among them.
SELECT wk, inferences FROM week ORDER BY wk
