"""The prover: serves paid inferences over x402 and settles them with evidence."""

import os

# Before anything hashes: eth-hash takes pycryptodome otherwise, which costs five times as much.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
