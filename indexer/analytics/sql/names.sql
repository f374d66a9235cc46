-- Numbers of addresses and models whose names are loaded.
SELECT 'address' AS kind, id FROM address UNION ALL SELECT 'model' AS kind, id FROM model
