"""What the pages are made from: the analysis of one deployment, and look-ups for detail pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from indexer.analytics.answer import Answer
from indexer.analytics.metric import Metric, Rows, Scope
from indexer.analytics.tiers import TierSet
from indexer.analytics.verdict import Verdict
from indexer.analytics.weeks import Window
from veritally.labels import Labels


class StateView(Protocol):
    """How far the analysis is; hashes and addresses in 0x hex."""

    @property
    def chain_id(self) -> int: ...  # noqa: D102
    @property
    def settlement(self) -> str: ...  # noqa: D102
    @property
    def block_number(self) -> int: ...  # noqa: D102
    @property
    def block_hash(self) -> str: ...  # noqa: D102
    @property
    def block_time_s(self) -> int: ...  # noqa: D102
    @property
    def first_week(self) -> int: ...  # noqa: D102
    @property
    def end_week(self) -> int: ...  # noqa: D102


class AnalysisView(Protocol):
    """What the page needs of `indexer.analytics.analysis.Analysis`."""

    @property
    def state(self) -> StateView:
        """As of the last final block."""

    def window(self, weeks: int = 4, end: int | None = None) -> Window:
        """The last full weeks."""

    def answer(self, metric: Metric, scope: Scope | None = None) -> Answer:
        """What a metric says."""

    def verdict(self, rows: Rows = Rows.RAW, of: TierSet = TierSet.STRONG) -> Verdict:
        """Whether the share of some tiers grows."""


class Party(StrEnum):
    """What a detail page is about besides a receipt."""

    MODEL = "model"
    PROVER = "prover"
    PAYER = "payer"


@dataclass(frozen=True)
class Total:
    """Sums of one tier, token and set of labels."""

    tier: int
    labels: Labels
    asset: str
    decimals: int | None
    inferences: int
    amount_base_units: int


@dataclass(frozen=True)
class Line:
    """One inference in a list."""

    block: int
    log_index: int
    time_s: int
    tier: int
    labels: Labels
    model: str
    payer: str
    """Empty when nobody paid."""
    prover: str
    asset: str
    decimals: int | None
    amount_base_units: int


@dataclass(frozen=True)
class PartyDetail:
    """A model, a prover or a payer."""

    party: Party
    id: str
    """0x hex: of 32 bytes for a model, else an address with checksum."""
    uri: str
    """What a model's owner wrote when it was registered; empty for the others."""
    owner: str
    """Of a model."""
    totals: tuple[Total, ...]
    latest: tuple[Line, ...]
    """The newest first."""


@dataclass(frozen=True)
class PartyLine:
    """One model, prover or payer in a list."""

    id: str
    uri: str
    inferences: int
    by_tier: tuple[tuple[int, int], ...]
    """Counted tier and inferences."""


@dataclass(frozen=True)
class ReceiptDetail:
    """One settled inference with all that its event says, and its place in its group."""

    line: Line
    final: bool
    seq: int
    floor: int
    scheme: str
    served_at_s: int
    receipt_hash: str
    request_hash: str
    response_hash: str
    transaction_hash: str
    root: str
    """Of the group; empty when it was not found."""
    route: str


class Lookups(Protocol):
    """Detail pages. Every id is 0x hex; None means that nobody has heard of it."""

    def parties(self, party: Party) -> Sequence[PartyLine]:
        """The busiest ones, at most 100."""

    def party(self, party: Party, identity: str) -> PartyDetail | None:
        """One of them."""

    def receipt(self, receipt_hash: str) -> ReceiptDetail | None:
        """The inference of a receipt."""

    def inference(self, block: int, log_index: int) -> ReceiptDetail | None:
        """The inference at a place in the chain."""

    def totals(self) -> Sequence[Total]:
        """Of the whole deployment, with what is not final yet."""


class PageSource(Protocol):
    """Everything the pages show."""

    @property
    def analysis(self) -> AnalysisView | None:
        """Of the deployment; None before its first final block."""

    @property
    def lookups(self) -> Lookups:
        """Of the same deployment."""
