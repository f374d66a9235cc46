"""The file in which an operator names an upstream, its key and its prices."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from pydantic import SecretStr

from prover.errors import PriceError
from prover.pricing import TokenPrice
from prover.upstream.card import ModelCard
from prover.upstream.errors import UpstreamConfigError
from veritally.tiers import Tier

TIERS: Final = (Tier.SIGNED, Tier.TEE)
"""No language model has a circuit."""
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class _Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request_usd: str = "0"
    input_usd_per_million_tokens: str = "0"
    output_usd_per_million_tokens: str = "0"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card: str
    url: str
    signed: _Prices | None = None
    tee: _Prices | None = None
    api_key_file: str | None = None
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    silence_timeout_s: Seconds = 60.0
    timeout_s: Seconds = 300.0
    max_parallel_requests: Annotated[int, Meta(ge=1, le=10_000)] = 16


@dataclass(frozen=True)
class Upstream:
    """A language model and how to reach it."""

    card: ModelCard
    url: str
    """Base URL, to which `/chat/completions` is added; without a slash at its end."""
    api_key: SecretStr | None
    prices: Mapping[Tier, TokenPrice]
    limit_field: str
    """What the upstream calls the limit of an answer: newer ones take `max_completion_tokens` only."""
    silence_timeout_s: float
    """Seconds without a byte of an answer after which it is given up."""
    timeout_s: float
    """Seconds of a whole answer after which it is cut off."""
    max_parallel_requests: int
    """More are refused as busy."""

    @classmethod
    def load(cls, path: Path, decimals: int) -> Upstream:
        """Reads a TOML file; other files in it are relative to its folder.

        Args:
            path: The file.
            decimals: Of the token that is charged.

        Raises:
            UpstreamConfigError: it cannot be used, or others may read the API key.
            ModelCardError: the card cannot be used.
        """
        content = _read(path)
        prices = {
            tier: _price(path, given, decimals)
            for tier, given in ((Tier.SIGNED, content.signed), (Tier.TEE, content.tee))
            if given is not None
        }
        if not prices:
            raise UpstreamConfigError(path, "has no prices; add a section [signed] or [tee]")
        return cls(
            card=ModelCard.load(path.parent / content.card),
            url=_require_url(path, content.url, Tier.TEE in prices),
            api_key=_read_key(path, content.api_key_file),
            prices=prices,
            limit_field=content.limit_field,
            silence_timeout_s=content.silence_timeout_s,
            timeout_s=content.timeout_s,
            max_parallel_requests=content.max_parallel_requests,
        )

    def offered(self, *, has_enclave: bool) -> Mapping[Tier, TokenPrice]:
        """The prices of the tiers that can be served: TEE only in an attested enclave."""
        return {tier: price for tier, price in self.prices.items() if tier is not Tier.TEE or has_enclave}


def _read(path: Path) -> _File:
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(content, _File)
    except OSError as error:
        raise UpstreamConfigError(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise UpstreamConfigError(path, f"is malformed ({error})") from None


def _price(path: Path, given: _Prices, decimals: int) -> TokenPrice:
    try:
        return TokenPrice.of_usd(
            given.request_usd,
            given.input_usd_per_million_tokens,
            given.output_usd_per_million_tokens,
            decimals,
        )
    except PriceError as error:
        raise UpstreamConfigError(path, str(error)) from None


def _require_url(path: Path, url: str, is_tee: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UpstreamConfigError(path, "url is not http(s)://host[:port][/path]")
    if parts.username or parts.password:
        raise UpstreamConfigError(path, "url holds a password; name a file as api_key_file instead")
    if is_tee and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UpstreamConfigError(
            path, "tier tee needs https, or an upstream in the same enclave: anybody on the way could answer"
        )
    return url.rstrip("/")


def _read_key(path: Path, name: str | None) -> SecretStr | None:
    if name is None:
        return None
    file = path.parent / name
    try:
        mode, key = stat.S_IMODE(file.stat().st_mode), file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UpstreamConfigError(
            path, f"api_key_file {file} cannot be read ({type(error).__name__})"
        ) from None
    if mode & 0o077:
        raise UpstreamConfigError(path, f"others may read {file}; run `chmod 600` on it")
    if not key or not key.isprintable() or " " in key:
        raise UpstreamConfigError(path, f"{file} does not hold one key")
    return SecretStr(key)
