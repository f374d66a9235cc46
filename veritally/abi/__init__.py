"""Contract ABIs and creation code, generated from the contracts by `make abi` and committed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from veritally.errors import ArtifactMissingError


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    """Creation code as 0x hex; `0x` for interfaces."""


def abi_with_errors(name: str, *callees: str) -> list[dict[str, Any]]:
    """ABI of the contract `name` with the errors of those that it calls: they pass through it.

    Raises:
        ArtifactMissingError: there is no such file in this package.
    """
    abi = list(load_artifact(name).abi)
    for callee in callees:
        errors = (entry for entry in load_artifact(callee).abi if entry["type"] == "error")
        abi += [entry for entry in errors if entry not in abi]
    return abi


@cache
def load_artifact(name: str) -> Artifact:
    """Artifact of the contract `name`, for example `Settlement`.

    Raises:
        ArtifactMissingError: there is no such file in this package.
    """
    path = files(__package__) / f"{name}.json"
    if not path.is_file():
        raise ArtifactMissingError(name)
    content = json.loads(path.read_text(encoding="utf-8"))
    return Artifact(name=name, abi=content["abi"], bytecode=content["bytecode"])
