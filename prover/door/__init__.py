"""The HTTP side of the prover: offers, payments of three routes, answers, receipts."""
