"""Proofs as durable jobs: our rows say what is to be proved, an engine behind `Executor` only executes."""
