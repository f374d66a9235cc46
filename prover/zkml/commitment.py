"""Commits to the inputs of a circuit, as its proofs do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prover.zkml.circuit import SETTINGS, VERIFYING_KEY
from prover.zkml.ezkl_process import Stage, run_ezkl

TIMEOUT_S: Final = 120.0


def as_felts(words: Sequence[int]) -> list[str]:
    """Field words as ezkl takes them: little-endian hex."""
    return [word.to_bytes(32, "little").hex() for word in words]


def commit_words(circuit: Path, srs: Path, words: Sequence[int]) -> bytes:
    """The point with which proofs for these input words begin, 64 bytes.

    The commitment depends on the verifying key and the SRS; settings that do not belong to the key are
    refused by ezkl.

    Args:
        circuit: Folder with its verifying key and settings.
        srs: SRS of the circuit.
        words: The input words of one inference.

    Raises:
        EzklError: a file is missing or is not what it should be.
    """
    arguments = {
        "words": as_felts(words),
        "verifying_key": str(circuit / VERIFYING_KEY),
        "settings": str(circuit / SETTINGS),
        "srs": str(srs),
    }
    return bytes.fromhex(run_ezkl(Stage.COMMIT, arguments, TIMEOUT_S))
