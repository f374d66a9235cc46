-- Label `self`, rule `same`: the payer is the prover.
SELECT DISTINCT payer, prover, NULL AS confidence FROM settled_week WHERE payer <> 0 AND payer = prover
