"""The form of the vector files that the contract tests read."""

from __future__ import annotations

from typing import Any


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """One list for each field: a test then reads a field of all cases at once."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def hexadecimal(value: bytes) -> str:
    """Bytes as the contract tests read them."""
    return f"0x{value.hex()}"
