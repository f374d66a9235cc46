"""The prover: serves paid inferences over x402 and settles them with evidence."""
