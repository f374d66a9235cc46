"""Drivers: how a program in an enclave gets its attestation document from the platform."""
