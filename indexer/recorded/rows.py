"""What is found in a range of blocks, before it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from indexer.recorded.logs import Log
from indexer.recorded.reading import LogReader
from indexer.wire import Block


class Kind(StrEnum):
    """What is followed."""

    OPENGRADIENT = "opengradient"
    """A relay of OpenGradient: batches and single settlements that it announces."""
    X402 = "x402"
    """Payments of one token to one address."""
    TRANSFERS = "transfers"
    """Transfers from a deployment's provers back to its payers; the contract is Settlement."""


class Form(StrEnum):
    """Which event a row is made of."""

    BATCH = "batch"
    BATCH_V1 = "batch-v1"
    INDIVIDUAL = "individual"
    SINGLE_V1 = "single-v1"
    METADATA_V1 = "single-with-metadata-v1"
    EXACT = "exact"
    """x402 over EIP-3009."""
    PERMIT2 = "permit2"
    """x402 over one of the Permit2 proxies: `exact` or `upto`, their events do not tell."""


@dataclass(frozen=True)
class Source:
    """What is followed, and how far it was read."""

    id: int
    contract: bytes
    payee: bytes
    """Empty where the kind has none."""
    next_block: int
    last_block_hash: bytes | None
    """Of the block before `next_block`; None when nothing was read yet."""


@dataclass(frozen=True)
class Settlement:
    """What one event claims."""

    log: Log
    form: Form
    claim: bytes | None = None
    """The same for events that claim the same thing; None where that cannot be told."""
    root: bytes | None = None
    batch_size: int | None = None
    tee_id: bytes | None = None
    input_hash: bytes | None = None
    output_hash: bytes | None = None
    timestamp: int | None = None
    payer: bytes | None = None
    payee: bytes | None = None
    asset: bytes | None = None
    amount_base_units: int | None = None


@dataclass(frozen=True)
class Transfer:
    """A transfer of a token."""

    log: Log
    sender: bytes
    recipient: bytes
    amount_base_units: int


@dataclass(frozen=True)
class Found:
    """What a range holds."""

    first: Block
    last: Block
    blocks: Mapping[int, Block]
    """By number; those of all logs are among them."""
    settlements: Mapping[int, Sequence[Settlement]] = field(default_factory=dict)
    """By number of the source."""
    transfers: Sequence[Transfer] = ()
    other_logs: Mapping[int, int] = field(default_factory=dict)
    """Number of logs that no known form explains, by number of the source."""


class Finder(Protocol):
    """Knows what one kind of source looks like."""

    kind: Kind

    def find(self, reader: LogReader, sources: Sequence[Source], from_block: int, to_block: int) -> Found:
        """What the range holds for the sources."""
