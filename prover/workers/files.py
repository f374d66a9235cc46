"""The files of a circuit, named by what is in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from prover.zkml.cache import sha256_of
from prover.zkml.circuit import Circuit


@dataclass(frozen=True)
class CircuitFiles:
    """What a machine needs to prove a circuit."""

    paths: Mapping[str, Path]
    """By the name that the proving stage of ezkl has for it."""
    sha256: Mapping[str, str]
    """Hex, by the same names."""

    @classmethod
    def of(cls, circuit: Circuit) -> CircuitFiles:
        """Reads all files of a circuit once."""
        paths: dict[str, Path] = asdict(circuit.paths)
        return cls(paths, {name: sha256_of(path) for name, path in paths.items()})

    @cached_property
    def content_hash(self) -> str:
        """Hex; the same for the same files, wherever they are."""
        return hashlib.sha256(json.dumps(dict(self.sha256), sort_keys=True).encode()).hexdigest()

    def path_of(self, sha256: str) -> Path:
        """The file with this content."""
        (name, *_) = (name for name, value in self.sha256.items() if value == sha256)
        return self.paths[name]
