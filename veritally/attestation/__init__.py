"""Attestation documents of enclaves: made, read and verified outside the chain."""
