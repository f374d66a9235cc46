-- Who paid whom.
SELECT DISTINCT payer, prover FROM settled_week WHERE payer <> 0
