"""Groups of commands that other packages bring to `veritally`, so that the SDK imports none of them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

import typer

from veritally.errors import CommandMissingError

GROUP: Final = "veritally.commands"


def load_group(name: str) -> typer.Typer:
    """The group of commands that an installed package registers as `name`.

    Raises:
        CommandMissingError: no package does, or the one that does cannot be imported.
    """
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise CommandMissingError(name, "no installed package brings it")
    try:
        group = next(iter(found)).load()
    except ImportError as error:
        raise CommandMissingError(name, str(error)) from None
    if not isinstance(group, typer.Typer):
        raise CommandMissingError(name, "what is installed under this name is no group of commands")
    return group
