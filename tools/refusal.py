"""What a refusal is, and the commands whose tests hold it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORGE = ("forge", "test", "--match-path")
REFUSES = (*FORGE, "tests/contracts/Settlement.refuses.t.sol")
PYTEST = (str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Refusal:
    """One refusal and how to disable it."""

    name: str
    path: str
    text: str
    """Exact text that enforces it; must occur once."""
    disabled: str
    command: tuple[str, ...] = REFUSES


def of(operation: str) -> tuple[str, ...]:
    """The command that runs the tests of one of Settlement's operations."""
    return (*FORGE, f"tests/contracts/Settlement.{operation}.t.sol")
