"""All faults by name."""

from __future__ import annotations

from indexer.chaos.chain_faults import CHAIN_FAULTS
from indexer.chaos.dialects import DIALECT_FAULTS
from indexer.chaos.fault import FaultKind
from indexer.chaos.log_faults import LOG_FAULTS
from indexer.chaos.wire_faults import BATCH_FAULTS, WIRE_FAULTS
from indexer.errors import SettingsError

FAULTS: dict[str, FaultKind] = {
    kind.name: kind for kind in (*LOG_FAULTS, *CHAIN_FAULTS, *BATCH_FAULTS, *WIRE_FAULTS, *DIALECT_FAULTS)
}
"""In the order in which they are listed."""


def parse_fault(text: str) -> tuple[FaultKind, int | None]:
    """A kind and its number from `NAME` or `NAME=NUMBER`.

    Raises:
        SettingsError: there is no such fault, or no number where one must be.
    """
    name, separator, number = text.partition("=")
    if name not in FAULTS:
        raise SettingsError("--fault", f"no fault is named {name}; see --list")
    if separator and not number.isdecimal():
        raise SettingsError("--fault", f"{name} takes a number: {name}=5")
    return FAULTS[name], int(number) if separator else None
