"""Groups as they are drawn, good ones and broken ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS, Tier

RUN_FAULTS = (
    "unpaid",
    "another payer",
    "no amount",
    "above maximum",
    "another floor's pay address",
    "mixed floors",
    "reserved bits",
    "wrong signer",
    "expired",
    "too early",
    "used signature",
    "same nonce twice",
)
GROUP_FAULTS = (
    "empty",
    "unknown route",
    "wrong signer",
    "no signature",
    "enclave of another model",
    "payments out of order",
    "payment for a free receipt",
    "wrong statement",
    "false proof",
    "proof missing",
)


@dataclass(frozen=True)
class RunPlan:
    scheme: PaymentScheme
    payer: int
    floor: int
    amounts_base_units: tuple[int, ...]
    fault: str


@dataclass(frozen=True)
class GroupPlan:
    prover: int
    tier: Tier
    spare_route: bool
    enclave: int
    authorized: str
    nonces_back: int
    """How far the nonces reach back into those that were given out."""
    runs: tuple[RunPlan, ...]
    fault: str


def _mostly(good: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(good), st.just(good), st.sampled_from((good, *others)))


SCHEMES = (PaymentScheme.UPTO, PaymentScheme.BATCH_SETTLEMENT, PaymentScheme.EXACT)
RUNS = st.builds(
    RunPlan,
    scheme=st.sampled_from((PaymentScheme.NONE, *SCHEMES)),
    payer=st.integers(0, 2),
    floor=_mostly(1, 0, 2, 3, 4),
    amounts_base_units=st.lists(st.integers(1, 1_000), min_size=1, max_size=3).map(tuple),
    fault=_mostly("", *RUN_FAULTS),
)
GROUPS = st.builds(
    GroupPlan,
    prover=_mostly(0, 1),
    tier=st.sampled_from(SETTLED_TIERS),
    spare_route=st.booleans(),
    enclave=st.integers(0, 1),
    authorized=_mostly("prover", "nobody", "another"),
    nonces_back=_mostly(0, 1, 2, 5),
    runs=st.lists(RUNS, min_size=1, max_size=3).map(tuple),
    fault=_mostly("", *GROUP_FAULTS),
)
