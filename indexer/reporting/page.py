"""The page of the overview as one file, and printed."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from indexer.analytics.analysis import Analysis
from indexer.database import Database
from indexer.errors import SettingsError
from indexer.pages.lookups import DatabaseLookups
from indexer.pages.overview import Choice, overview
from indexer.reporting.pdf import print_pdf


@dataclass(frozen=True)
class _Source:
    """What the page is made from."""

    analysis: Analysis
    lookups: DatabaseLookups


def page_of(database: Database, analysis: Analysis) -> str:
    """HTML that needs no other file and no network."""
    state = analysis.state
    source = _Source(analysis, DatabaseLookups(database, state.chain_id, state.settlement))
    return overview(source, Choice(), int(time.time()), standalone=True)


def write_html(page: str, target: Path) -> None:
    """Writes the page to a file.

    Raises:
        SettingsError: the file cannot be written.
    """
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(str(target), f"cannot be written: {error.strerror}") from None


def write_pdf(page: str, target: Path) -> None:
    """Prints the page to a file.

    Raises:
        NoBrowserError: there is no browser, or it does not print.
        SettingsError: the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="veritally-page-") as folder:
        file = Path(folder) / "report.html"
        write_html(page, file)
        print_pdf(file, target)
