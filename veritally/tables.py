"""Tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDEST = 1_000


def print_whole(table: Table, console: Console) -> None:
    """Prints a table without cutting a cell: in a narrower terminal its lines run on in the next one."""
    wanted = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    console.width = max(console.width, wanted)
    console.print(table, soft_wrap=True)
