"""Settings of the indexer. An option counts most, then the environment, then the file, then the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from indexer.config_file import read_environment, read_file
from indexer.errors import SettingsError

PREFIX = "VERITALLY_INDEXER_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
CONFIG_FILE = Path("veritally-indexer.toml")
"""Read when it exists and no other is named."""


def _parse_list(value: object) -> object:
    """A list that an environment variable holds: entries with commas between."""
    if isinstance(value, str):
        return [entry.strip() for entry in value.split(",") if entry.strip()]
    return value


class IndexerSettings(BaseModel):
    """Where to read from, where to write to, and how."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    rpc_urls: Annotated[tuple[str, ...], BeforeValidator(_parse_list)] = Field(
        default=("http://127.0.0.1:8545",), min_length=1, repr=False
    )
    """JSON-RPC of one or more nodes, over HTTP(S). Only hosts are ever shown: a path may hold a key."""
    database_url: SecretStr = SecretStr("sqlite:///veritally-indexer.db")
    """SQLAlchemy URL: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."""
    deployments: Annotated[tuple[Path, ...], BeforeValidator(_parse_list)] = Field(
        default=(Path("deployment.json"),), min_length=1
    )
    """Deployment files, as `veritally devnet` and `scripts/deploy.py` write them."""
    blocks_per_request: int = Field(default=1_000, ge=1, le=100_000)
    """Most blocks that one `eth_getLogs` asks for, and that one transaction stores."""
    poll_interval_s: float = Field(default=0.5, gt=0, le=3_600)
    """Seconds between two looks at the head while following."""
    max_lag_s: float = Field(default=60.0, gt=0, le=86_400)
    """Seconds of lag up to which `status` and `/readyz` call a deployment current."""
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port of `/metrics`, `/healthz` and `/readyz` while following; closed when absent, a free one if 0."""
    metrics_host: str = "127.0.0.1"
    """Address on which that port is open."""
    log_format: Literal["console", "json"] = "console"
    """Form of the log on stderr: console or json."""


@dataclass(frozen=True)
class Loaded:
    """Settings, and where they come from."""

    settings: IndexerSettings
    file: Path | None
    """The file that was read."""
    origins: Mapping[str, str]
    """An option, a variable or the file, by name of the setting; defaults are left out."""


def load_settings(config: Path | None = None, **overrides: object) -> IndexerSettings:
    """The settings; an override counts unless it is None or an empty list.

    Raises:
        SettingsError: a value is unusable, or a name unknown.
    """
    return load(config, **overrides).settings


def load(config: Path | None = None, **overrides: object) -> Loaded:
    """Like `load_settings`, with where each value comes from.

    Raises:
        SettingsError: a value is unusable, or a name unknown.
    """
    names = list(IndexerSettings.model_fields)
    variables = read_environment(PREFIX, names)
    file, in_file = read_file(config, CONFIG_VARIABLE, CONFIG_FILE, names)
    given = {name: value for name, value in overrides.items() if value not in (None, [])}
    origins = {name: str(file) for name in in_file}
    origins |= {name: variable_of(name) for name in variables}
    origins |= {name: option_of(name) for name in given}
    try:
        settings = IndexerSettings(**{**in_file, **variables, **given})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])
        shown = f"{name} in {file}" if origins[name] == str(file) else origins[name]
        raise SettingsError(shown, first["msg"]) from None
    return Loaded(settings, file, origins)


def variable_of(name: str) -> str:
    """Environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def option_of(name: str) -> str:
    """Option of a setting; that of a list is given once for each entry."""
    singular = name.removesuffix("s") if name in ("rpc_urls", "deployments") else name
    return f"--{singular.replace('_', '-')}"


def require_no_password(option: str, database_url: str | None) -> None:
    """Checks that an option holds no password: other users of the machine see command lines.

    Raises:
        SettingsError: it does.
    """
    if database_url is not None and urlsplit(database_url).password is not None:
        raise SettingsError(option, f"holds a password; set {PREFIX}DATABASE_URL instead")
