"""What the desk of proofs allows, and what it has done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeskLimits:
    """What the desk allows."""

    timeout_s: float
    """Of one attempt."""
    most_jobs: int = 256
    """Waiting and running; more are refused."""
    most_per_model: int | None = None
    """Proofs of one model at once; None for as many as the engine has room for."""
    most_attempts: int = 3
    """Of a job whose workers die."""


@dataclass(frozen=True)
class DeskFigures:
    """What the desk has done since it was opened, and has to do."""

    waiting: int
    running: int
    slots: int
    done: int
    failed: int
    retried: int
    stale: int
    """Results that were refused because another attempt had the job."""
