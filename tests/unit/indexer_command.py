"""What the tests of the indexer's command share."""

from __future__ import annotations

from collections.abc import Callable

from indexer_chain import UINT96_MAX, RecordedChain

from veritally.tiers import Tier

OTHER_TOKEN = "0x" + "0d" * 20

Run = Callable[..., tuple[int, str, str]]


def chain_of_all_tiers() -> RecordedChain:
    """Three paid and signed, two enclave (development), one zk proof paid in a token without decimals."""
    chain = RecordedChain()
    chain.settle({"amount": 1_000_000}, {"amount": 1}, {"amount": UINT96_MAX})
    chain.settle({"tier": Tier.TEE, "flags": 1}, {"tier": Tier.TEE, "flags": 1})
    chain.settle({"tier": Tier.ZKML, "amount": 250, "asset": OTHER_TOKEN})
    return chain


def sentence(error: str) -> str:
    """The one line on stderr."""
    assert error.startswith("veritally-indexer: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    return error
