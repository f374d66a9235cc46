"""The states of an intent."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How far an intent has come. See docs/transactions.md for what moves it."""

    QUEUED = "queued"
    """Stored with its nonce; nothing is signed."""
    SIGNED = "signed"
    """Signed bytes are stored. They may have been handed over."""
    BROADCAST = "broadcast"
    """A node has it."""
    UNKNOWN = "unknown"
    """It may have been handed over, or may have landed: no node says so, and none can rule it out."""
    MINED = "mined"
    """It is in a block, which may still be replaced."""
    FINAL = "final"
    """It is done for ever; see the outcome."""

    def reaches(self, other: State) -> bool:
        """Whether this is `other` or later. The states before `mined` count as one."""
        return _ORDER.get(self, 0) >= _ORDER.get(other, 0)


class Outcome(StrEnum):
    """What became of an intent that is mined or final."""

    EXECUTED = "executed"
    """Its call succeeded."""
    REVERTED = "reverted"
    """Its call is in a block, and reverted there."""
    CANCELLED = "cancelled"
    """Its nonce was used by something else; the call did not and cannot land."""


OPEN = (State.QUEUED, State.SIGNED, State.BROADCAST, State.UNKNOWN)
"""States in which nothing is known to have landed."""
_ORDER = {State.MINED: 1, State.FINAL: 2}
