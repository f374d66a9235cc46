"""The command `veritally model fetch-srs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.zkml.ceremony import CEREMONY_SHA256, CEREMONY_URL
from prover.zkml.fetch_srs import fetch_srs


def fetch_srs_command(
    logrows: Annotated[
        int,
        typer.Option(
            help="The file serves circuits of up to 2^logrows rows.", min=1, max=len(CEREMONY_SHA256)
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for files of the ceremony only.")],
    url: Annotated[str, typer.Option(help="Address, with {logrows} for the number.")] = CEREMONY_URL,
) -> None:
    """Downloads the SRS of the public ceremony and checks it; a file that is there is only checked.

    An interrupted download goes on where it stopped. Exit code 1: another file; 3: not reachable.

    Example: veritally model fetch-srs --logrows 17 --out srs
    """
    fetch_srs(logrows, out, url, typer.echo)
