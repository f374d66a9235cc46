"""Versions of the prover's tables. A new one is a file in `versions/`; `NEWEST` names it."""

from __future__ import annotations

NEWEST = "0002"
"""Version that this program reads and writes."""
VERSION_TABLE = "pv_version"
"""Programs that share a database keep their versions apart."""
