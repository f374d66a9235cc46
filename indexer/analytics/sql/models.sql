-- Numbers of the models.
SELECT value, id FROM model
