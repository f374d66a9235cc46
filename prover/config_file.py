"""Writes a config file that lists every setting with its meaning."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from prover.config import SECRETS
from prover.settings import MODELS_DIRECTORY, PREFIX, ProverSettings

_SECTIONS = {
    "rpc_url": "The chain",
    "price_signed_usd": "Prices and payments",
    "models": "Models and proofs",
    "host": "The service",
    "batch_window_s": "Batches",
    "max_fee_gwei": "Transactions and what they cost",
    "keystore_file": "The prover's key",
    "state_dir": "State, metrics and logs",
}
"""Title of each part of the file, by its first setting."""
_HEADER = """\
# Settings of veritally-prover. Options of the command line and environment variables count more.
# A line that begins with a hash shows a default or an example. Relative paths begin at this file's folder.
# `veritally-prover config show` tells which values count, `veritally-prover doctor` whether they work.
"""
_EXAMPLES: Mapping[str, Any] = {
    "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    "srs": "srs/kzg17.srs",
    "max_parallel_proofs": 2,
    "cluster": "tcp://127.0.0.1:8786",
    "cluster_ca_file": "tls/ca.pem",
    "cluster_certificate_file": "tls/prover.pem",
    "cluster_key_file": "tls/prover-key.pem",
    "confirmations": 20,
    "coin_price_usd": "3000",
    "keystore_file": "keystore.json",
    "keystore_password_file": "keystore.password",
    "raw_key_file": "keys/prover.key",
    "enclave_driver": "nsm",
    "database_url": "postgresql+psycopg://prover@localhost/prover",
    "metrics_port": 9402,
}
"""Of settings that have no default."""


def config_text(chosen: Mapping[str, Any]) -> str:
    """The file's text, in which the chosen settings count and the others are comments."""
    return _HEADER + "\n".join(_lines(chosen)) + "\n"


def write_private(path: Path, text: str) -> None:
    """Writes a new file that only its owner may read.

    Raises:
        OSError: it is there already, or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _lines(chosen: Mapping[str, Any]) -> Iterator[str]:
    for name, field in ProverSettings.model_fields.items():
        if title := _SECTIONS.get(name):
            yield f"\n## {title}"
        yield f"\n# {field.description}"
        if name in SECRETS:
            yield f"# May hold a key: keep this file private, or set {PREFIX}{name.upper()} instead."
        value = chosen.get(name)
        yield f"{name} = {_toml(value)}" if value is not None else f"# {name} = {_toml(_shown(name, field))}"


def _shown(name: str, field: FieldInfo) -> Any:
    if name == "models":
        return ["models/" + MODELS_DIRECTORY.joinpath("iris").name]
    if name == "cache_dir":
        return "~/.cache/veritally"
    return field.default if field.default is not None else _EXAMPLES[name]


def _toml(value: Any) -> str:
    """As TOML; its strings, numbers and lists of strings are written as in JSON."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return json.dumps([str(item) for item in value])
    return json.dumps(str(value))
