"""Versions of the tables. A new one is a file in `versions/`; `NEWEST` names it."""

from __future__ import annotations

NEWEST = "0007"
"""Version that this program reads and writes."""
