"""Prints a page to PDF with the Chromium of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from indexer.errors import NoBrowserError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs that can print, the first one that is installed is taken."""
TIMEOUT_S = 60.0


def print_pdf(page: Path, target: Path) -> None:
    """Writes a file of HTML as PDF. The page is read from the disk alone.

    Raises:
        NoBrowserError: there is no browser, or it does not print.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NoBrowserError("no Chromium is installed")
    with tempfile.TemporaryDirectory(prefix="veritally-pdf-") as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
        ]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND"]  # nothing is fetched
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # it refuses to run as root with one
        command += [f"--print-to-pdf={target.resolve()}", page.resolve().as_uri()]
        target.unlink(missing_ok=True)
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise NoBrowserError(f"{browser} did not print: {type(error).__name__}") from None
    if not target.is_file():
        raise NoBrowserError(f"{browser} wrote no file")
