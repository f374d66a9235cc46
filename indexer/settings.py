"""Settings of the indexer: environment variables `VERITALLY_INDEXER_*`; options of the CLI override them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from indexer.errors import SettingsError

PREFIX = "VERITALLY_INDEXER_"


class IndexerSettings(BaseSettings):
    """Where to read from, where to write to, and how."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    rpc_url: str = "http://127.0.0.1:8545"
    """JSON-RPC over HTTP(S). Errors show only its host, for the path may hold a key."""
    database_url: SecretStr = SecretStr("sqlite:///veritally-indexer.db")
    """SQLAlchemy URL. Errors never show its password."""
    deployment: Path = Path("deployment.json")
    """File that `veritally devnet` and `scripts/deploy.py` write."""
    blocks_per_request: int = Field(default=1_000, ge=1, le=100_000)
    """Most blocks that one `eth_getLogs` asks for, and that one transaction stores."""
    poll_interval_s: float = Field(default=2.0, gt=0, le=3_600)
    """Seconds between two looks at the head while following."""


def load_settings(**overrides: object) -> IndexerSettings:
    """Settings from the environment; an override counts unless it is None.

    Raises:
        SettingsError: a value is unusable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return IndexerSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = str(first["loc"][0])
        name = f"--{field.replace('_', '-')}" if field in given else f"{PREFIX}{field.upper()}"
        raise SettingsError(name, first["msg"]) from None


def require_no_password(option: str, database_url: str | None) -> None:
    """Checks that an option holds no password: other users of the machine see command lines.

    Raises:
        SettingsError: it does.
    """
    if database_url is not None and urlsplit(database_url).password is not None:
        raise SettingsError(option, f"holds a password; set {PREFIX}DATABASE_URL instead")
