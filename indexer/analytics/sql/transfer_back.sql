-- What went back to payers, in the order of time.
SELECT payer, prover, asset, time_s, from_pay_address, amount_e20, amount_e10, amount_e0 FROM transfer_back
ORDER BY payer, prover, asset, time_s
