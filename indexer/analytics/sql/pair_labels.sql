-- All labels.
SELECT payer, prover, label, rule, version, confidence FROM pair_label
