"""One thing that a prover needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """What was found, and what to do about it."""

    name: str
    ok: bool
    found: str
    """What is there; of a failure, a sentence that may say the fix already."""
    fix: str = ""
    """What to do; empty when nothing is."""
