"""What a verification found, and the last one of each deployment in the database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from indexer.comparison import Span
from indexer.cursor import Cursor
from indexer.errors import VerificationError, blocks_named
from indexer.tables import VerificationRow

_SHOWN_SPANS = 5


@dataclass(frozen=True)
class EndpointFinding:
    """What one endpoint says."""

    endpoint: str
    digest: bytes | None = None
    """Of the events that it shows; None when it gave no believable answer."""
    spans: tuple[Span, ...] = ()
    """Blocks that are stored otherwise."""
    counters: str = "not compared"
    """`match` with the contract's counters, `not compared` when it knows them no more, or what differs."""
    problem: str = ""
    """Why it gave no believable answer."""
    has_answered: bool = True
    """Whether it gave any."""

    @property
    def problems(self) -> list[str]:
        """One sentence part for each; an endpoint that gave no answer says nothing against the database."""
        if not self.has_answered:
            return []
        found = [f"{self.endpoint}: {self.problem}"] if self.problem else []
        if self.spans:
            found.append(f"{spans_named(self.spans)} are stored otherwise than {self.endpoint} shows them")
        if self.counters not in ("match", "not compared"):
            found.append(f"{self.endpoint}: counters differ: {self.counters}")
        return found


@dataclass(frozen=True)
class Verification:
    """What came out, as of one block."""

    chain_id: int
    settlement: bytes
    block_number: int
    block_hash: bytes
    digest: bytes
    """Of the events that the database holds; see docs/verify.md."""
    events: dict[str, int]
    """Number of stored events by table."""
    endpoints: tuple[EndpointFinding, ...]
    contradictions: tuple[str, ...]
    """How the database contradicts itself."""

    @property
    def problems(self) -> list[str]:
        """One sentence part for each; empty when everything is the same."""
        return [*self.contradictions, *(part for finding in self.endpoints for part in finding.problems)]

    @property
    def match(self) -> bool:
        """Whether the database holds what every endpoint that answers shows."""
        return not self.problems


@dataclass(frozen=True)
class LastVerification:
    """What is kept of a verification."""

    block: int
    digest: bytes
    """Of the database."""
    chain_digest: bytes
    """Of an endpoint that shows something else, else the same; empty when none gave a believable answer."""
    events: int
    """Number of stored events."""
    problems: str
    """Empty when the database held what the chain says."""
    verified_at_s: int
    """Unix time."""


def require_verified(found: Verification) -> None:
    """Checks that a verification found nothing wrong.

    Raises:
        VerificationError: it did.
    """
    if not found.match:
        raise VerificationError(found.block_number, found.problems)


def write_down(session: Session, cursor: Cursor, found: Verification) -> None:
    """Makes it the last one of the deployment."""
    digests = [finding.digest for finding in found.endpoints if finding.digest is not None]
    last = LastVerification(
        block=found.block_number,
        digest=found.digest,
        chain_digest=next((d for d in digests if d != found.digest), found.digest if digests else b""),
        events=sum(found.events.values()),
        problems="; ".join(found.problems),
        verified_at_s=int(time.time()),
    )
    session.merge(VerificationRow(deployment_id=cursor.id, **vars(last)))


def last_verification(session: Session, cursor: Cursor) -> LastVerification | None:
    """The last one of a deployment; None when there was none."""
    row = session.get(VerificationRow, cursor.id)
    return None if row is None else LastVerification(**row.model_dump(exclude={"deployment_id"}))


def spans_named(spans: Sequence[Span]) -> str:
    """The first few of them, in words."""
    named = [blocks_named(span.first_block, span.last_block) for span in spans[:_SHOWN_SPANS]]
    more = len(spans) - len(named)
    return ", ".join(named) + (f" and {more} more ranges" if more else "")
