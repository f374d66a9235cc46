"""Groups with their evidence, ready for `settle`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prover.evidence import EvidenceMaker
from prover.settling.bundles import Bundle, Item
from veritally.payments import PaymentRun
from veritally.routes import ROUTE_OF
from veritally.settlement import Group


@dataclass(frozen=True)
class PreparedGroup:
    """A group, and what it was made from."""

    group: Group
    bundles: tuple[Bundle, ...]
    shown: tuple[dict[str, Any], ...]
    """Evidence for each request, as JSON for its client."""

    @property
    def items(self) -> list[Item]:
        """Its requests, in the order of the receipts."""
        return [item for bundle in self.bundles for item in bundle.items]


def prepare(bundles: Sequence[Bundle], evidence: EvidenceMaker) -> PreparedGroup:
    """The group of bundles that share model, tier and asset.

    Raises:
        EvidenceError: a proof or the model's enclave is missing.
        EnclaveError, VeritallyError: the enclave's key had to be registered or renewed, and was not.
    """
    items = [item for bundle in bundles for item in bundle.items]
    terms, tier = bundles[0].group
    hashes = [item.receipt_hash for item in items]
    made = evidence.make(tier, terms, hashes, [item.proof for item in items])
    runs, first = [], 0
    for bundle in bundles:
        if bundle.payment is not None:
            runs.append(PaymentRun(first, len(bundle.items), bundle.payment))
        first += len(bundle.items)
    group = Group(
        terms=terms,
        route=ROUTE_OF[tier],
        receipts=tuple(item.receipt for item in items),
        payments=tuple(runs),
        evidence=made.encoded,
    )
    return PreparedGroup(group, tuple(bundles), made.shown)
