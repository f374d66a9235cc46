"""Prints a page to PDF with the Chromium of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from indexer.errors import NoBrowserError, SettingsError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs that can print; the first one that is installed is taken."""
TIMEOUT_S = 120.0


def print_pdf(page: Path, target: Path) -> None:
    """Writes a file of HTML as PDF. Nothing is fetched from the network.

    Raises:
        NoBrowserError: there is no browser, or it does not print.
        SettingsError: the file cannot be written.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NoBrowserError("no Chromium is installed")
    with tempfile.TemporaryDirectory(prefix="veritally-pdf-") as folder:
        printed = Path(folder) / "report.pdf"
        _run([browser, *_options(folder), f"--print-to-pdf={printed}", page.resolve().as_uri()])
        if not printed.is_file():
            raise NoBrowserError(f"{browser} wrote no file")
        try:
            shutil.copyfile(printed, target)
        except OSError as error:
            raise SettingsError(str(target), f"cannot be written: {error.strerror}") from None


def _options(folder: str) -> list[str]:
    options = ["--headless", "--disable-gpu", f"--user-data-dir={folder}/profile", "--no-pdf-header-footer"]
    options.append("--host-resolver-rules=MAP * ~NOTFOUND")
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # as root it does not start with one
    return options


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise NoBrowserError(f"{command[0]} did not print ({type(error).__name__})") from None
