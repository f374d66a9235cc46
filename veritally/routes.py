"""The routes that a deployment starts with: one verifier for each tier."""

from __future__ import annotations

from eth_utils.crypto import keccak

from veritally.tiers import Tier


def _route(name: str) -> bytes:
    return keccak(text=name)[:4]


ROUTE_OF: dict[Tier, bytes] = {
    Tier.SIGNED: _route("veritally.signed.v1"),
    Tier.TEE: _route("veritally.tee.v1"),
    Tier.ZKML: _route("veritally.zkml.v1"),
}
"""Route id (4 bytes) in the `VerifierRouter` for each tier."""
