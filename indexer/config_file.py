"""Reads settings from a TOML file and from environment variables, and refuses names that nobody knows."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from indexer.errors import SettingsError

_ALIKE = 0.85
"""How much a variable must resemble a setting to be taken for a mistyped one: others may use our prefix."""


def read_file(
    named: Path | None, variable: str, usual: Path, names: Sequence[str]
) -> tuple[Path | None, dict[str, Any]]:
    """The file that is named, by option or by variable, or the usual one when it exists; and what it says.

    Raises:
        SettingsError: the file is missing or unusable, or holds a name that is not among `names`.
    """
    in_environment = os.environ.get(variable)
    path = named or (Path(in_environment) if in_environment else None)
    if path is None:
        if not usual.is_file():
            return None, {}
        path = usual
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"config file {path}", _reason(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"config file {path}", f"is no TOML: {error}") from None
    for name in content:
        if name not in names:
            nearest = difflib.get_close_matches(name, names, 1, cutoff=0.0)[0]
            raise SettingsError(f"config file {path}", f"unknown setting {name}; the nearest is {nearest}")
    return path, content


def read_environment(prefix: str, names: Sequence[str]) -> dict[str, str]:
    """Settings in the environment, by name.

    Raises:
        SettingsError: a variable looks like a mistyped setting.
    """
    variables = {f"{prefix}{name.upper()}": name for name in names}
    for variable in sorted(os.environ):
        if variable.startswith(prefix) and variable not in variables:
            short = variable.removeprefix(prefix)
            known = [name.upper() for name in names]
            for nearest in difflib.get_close_matches(short, known, 1, cutoff=_ALIKE):
                raise SettingsError(variable, f"unknown variable; the nearest is {prefix}{nearest}")
    return {name: os.environ[variable] for variable, name in variables.items() if variable in os.environ}


def _reason(error: OSError) -> str:
    missing = "does not exist; write one with `veritally-indexer config init`"
    return missing if isinstance(error, FileNotFoundError) else str(error.strerror)
