"""Finds Chromium for the tests of pages: Debian's package, or what VERITALLY_CHROMIUM names."""

from __future__ import annotations

import os
import shutil

VARIABLE = "VERITALLY_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class ChromiumError(Exception):
    """There is none; the message says what to do."""


def find_chromium() -> str:
    """Path of the program.

    Raises:
        ChromiumError: there is none.
    """
    named = os.environ.get(VARIABLE)
    for name in (named,) if named is not None else _NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise ChromiumError(
        f"no Chromium: {named or ', '.join(_NAMES)} is not there; install it (on Debian: apt-get install "
        f"chromium), or name the program in {VARIABLE}"
    )
