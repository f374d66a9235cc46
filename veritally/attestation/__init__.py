"""Attestation documents of enclaves: reading them, and what the contracts need to verify them."""
