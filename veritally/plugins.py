"""What other packages bring to `veritally`, so that the SDK imports none of it: commands, commitments."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol

import typer

from veritally.errors import CommandMissingError, CommitmentUnavailableError

GROUP: Final = "veritally.commands"
COMMITMENTS: Final = "veritally.commitments"


class CommitWords(Protocol):
    """Computes the commitment to a circuit's input words: 64 bytes, as its proofs begin with."""

    def __call__(self, circuit: Path, srs: Path, words: Sequence[int]) -> bytes:
        """Takes a folder with the circuit's verifying key and settings, its SRS, and the words."""


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


def load_commitment(name: str) -> CommitWords:
    """The function that an installed package registers for commitments of the kind `name`.

    Raises:
        CommitmentUnavailableError: no package does, or the one that does cannot be imported.
    """
    found = entry_points(group=COMMITMENTS, name=name)
    if not found:
        raise CommitmentUnavailableError("no installed package computes that commitment")
    try:
        commit: CommitWords = next(iter(found)).load()
    except (ImportError, AttributeError) as error:
        raise CommitmentUnavailableError(f"what computes that commitment is broken ({error})") from None
    return commit
