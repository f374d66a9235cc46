"""Writes the config file, and shows settings without their secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from indexer.analytics.answer import Answer, Column, Kind
from indexer.analytics.writing import to_csv as write_csv
from indexer.database import shown_url
from indexer.rpc import JsonRpc
from indexer.settings import IndexerSettings, Loaded, option_of, variable_of

_HEAD = """\
# Settings of veritally-indexer. Each of them may also be set by its environment variable or, for one command,
# by its option; both count more than this file. What is commented out is the default. Files are looked for in
# the folder where the command runs. URLs may hold keys and passwords: let nobody else read this file.
"""


def commented_file() -> str:
    """A config file with every setting, commented out, at its default."""
    parts = [_HEAD]
    for name, field in IndexerSettings.model_fields.items():
        default = _plain(field.default)
        comment = f"# {field.description}\n# Also: {variable_of(name)} and {option_of(name)}."
        shown = f"{name} = {_toml(default)}" if default is not None else f"{name} = 9464"
        parts.append(f"{comment}\n# {shown}\n")
    return "\n".join(parts)


def shown_settings(loaded: Loaded) -> dict[str, tuple[Any, str]]:
    """The value of each setting, secrets left out, and where it comes from."""
    values = {name: getattr(loaded.settings, name) for name in IndexerSettings.model_fields}
    shown = {name: _plain(value) for name, value in values.items()}
    shown["database_url"] = shown_url(loaded.settings.database_url.get_secret_value())
    shown["rpc_urls"] = [JsonRpc(url).shown_url for url in loaded.settings.rpc_urls]
    return {name: (value, loaded.origins.get(name, "default")) for name, value in shown.items()}


def to_toml(shown: dict[str, tuple[Any, str]]) -> str:
    """One line per setting, with where it comes from."""
    return "\n".join(
        f"{name} = {_toml(value)}  # {origin}" if value is not None else f"# {name} is not set  # {origin}"
        for name, (value, origin) in shown.items()
    )


def to_csv(shown: dict[str, tuple[Any, str]]) -> str:
    """One line per setting; a list has a space between its entries."""
    rows = tuple((name, _cell(value), origin) for name, (value, origin) in shown.items())
    return write_csv(Answer(_COLUMNS, rows))


_COLUMNS = (
    Column("name", Kind.TEXT, "of the setting"),
    Column("value", Kind.TEXT, "in force, without secrets; none when it is not set"),
    Column("from", Kind.TEXT, "the option, the variable or the file that says so, or default"),
)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    return " ".join(value) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return [str(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def _toml(value: str | float | Sequence[str]) -> str:
    """What JSON and TOML write alike: strings, numbers and lists of strings."""
    return json.dumps(value, ensure_ascii=False)
