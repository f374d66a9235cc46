-- What the payers paid who got tokens back, in the order of time.
SELECT payer, prover, asset, time_s, n, amount_e20, amount_e10, amount_e0 FROM payment
ORDER BY payer, prover, asset, time_s
