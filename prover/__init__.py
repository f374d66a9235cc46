"""The prover: serves paid inferences over x402 and settles them with evidence."""

import os

from eth_hash.auto import keccak

# eth-hash takes pycryptodome by itself, which costs five times as much. It chooses when it hashes first; what
# it is told must not reach programs in other environments that this one starts.
if "ETH_HASH_BACKEND" not in os.environ:
    os.environ["ETH_HASH_BACKEND"] = "pysha3"
    keccak(b"")
    del os.environ["ETH_HASH_BACKEND"]
