-- Where the provers are paid, as far as that is known.
SELECT prover, value FROM pay_address
