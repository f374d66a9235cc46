"""From computed requests to settled ones: batches, evidence, trial, transaction, outcome."""
