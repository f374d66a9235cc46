"""The forms in which a command writes: at most one may be asked for."""

from __future__ import annotations

import os
from enum import StrEnum

from rich.console import Console

from indexer.errors import UsageError

WIDTH = 80
"""Columns that everything fits into."""


class Form(StrEnum):
    """How a command writes; the value is its option."""

    TABLE = "--table"
    JSON = "--json"
    CSV = "--csv"
    SQL = "--sql"


def one_form(**asked: bool) -> Form:
    """The form that is asked for, by keyword in lower case; text for people by default.

    Raises:
        UsageError: several are asked for.
    """
    chosen = [Form[name.upper()] for name, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        *others, last = (Form[name.upper()].value for name in asked)
        raise UsageError(f"give only one of {', '.join(others)} and {last}")
    return chosen[0] if chosen else Form.TABLE


def console() -> Console:
    """Where text for people goes: coloured on a terminal only, and as wide as that is."""
    own_width = None if "COLUMNS" in os.environ else WIDTH
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=own_width)
