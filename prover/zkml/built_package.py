"""A built model package on disk: the model, its circuit and its verifier, under an id that fixes them."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from prover.zkml.build import Built, describe
from prover.zkml.cache import sha256_of
from prover.zkml.circuit import COMPILED, SETTINGS, SOURCE, VERIFIER, VERIFYING_KEY, Circuit
from prover.zkml.errors import BuiltPackageError
from prover.zkml.frontier import Option
from prover.zkml.package import DESCRIPTION_FILE, NETWORK_FILE
from prover.zkml.solidity import SOLC_VERSION
from prover.zkml.verifier_source import read_srs_words

MANIFEST: Final = "package.json"
_FIXED: Final = (NETWORK_FILE, DESCRIPTION_FILE, SETTINGS, VERIFYING_KEY, SOURCE, VERIFIER)
"""The same in every build of the same model; the compiled circuit is not."""
_FILES: Final = (*_FIXED, COMPILED)
_ID_CHARACTERS: Final = 16


@dataclass(frozen=True)
class BuiltPackage:
    """A package whose files are those of its manifest."""

    path: Path
    manifest: dict[str, Any]

    @property
    def id(self) -> str:
        """Hex sha256 over the checksums of the files that every build of the model gives."""
        return str(self.manifest["id"])

    @classmethod
    def load(cls, path: Path) -> BuiltPackage:
        """Reads a package and checks every file.

        Raises:
            BuiltPackageError: a file is missing or is not the one of the manifest.
        """
        manifest = _read_manifest(path)
        for name, expected in manifest["sha256"].items():
            file = path / name
            if not file.is_file() or sha256_of(file) != expected:
                raise BuiltPackageError(path, f"{name} is missing or is not the file that was built")
        if set(manifest["sha256"]) != set(_FILES) or manifest["id"] != _id_of(manifest["sha256"]):
            raise BuiltPackageError(path, f"{MANIFEST} is not that of its files")
        return cls(path, manifest)


def write_package(built: Built, out: Path) -> BuiltPackage:
    """Writes the package into a folder of `out` that is named by model and id.

    Raises:
        OSError: `out` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    unfinished = out / f".unfinished-{built.package.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    paths = built.chosen.circuit.paths
    shutil.copy(built.package.onnx, unfinished / NETWORK_FILE)
    (unfinished / DESCRIPTION_FILE).write_text(describe(built.package), encoding="utf-8")
    for name in (VERIFYING_KEY, SOURCE, VERIFIER, SETTINGS, COMPILED):
        shutil.copy(paths.settings.parent / name, unfinished / name)
    checksums = {name: sha256_of(unfinished / name) for name in _FILES}
    manifest = _manifest(built, checksums, (unfinished / SOURCE).read_text(encoding="utf-8"))
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    target = out / f"{built.package.name}-{manifest['id'][:_ID_CHARACTERS]}"
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    return BuiltPackage(target, manifest)


def _manifest(built: Built, checksums: dict[str, str], source: str) -> dict[str, Any]:
    circuit = built.chosen.circuit
    return {
        "id": _id_of(checksums),
        "sha256": checksums,
        "ezkl": circuit.ezkl_version,
        "solc": SOLC_VERSION,
        "srs": {
            "sha256": sha256_of(circuit.paths.srs),
            "neg_s_g2": [f"0x{word:064x}" for word in read_srs_words(source)],
            "development": circuit.development_srs,
        },
        "instances": _layout(circuit),
        "predicted": _figures(built.chosen),
        "frontier": [_figures(option) for option in built.options],
    }


def _layout(circuit: Circuit) -> dict[str, object]:
    return {
        "inputs": circuit.inputs,
        "outputs": circuit.outputs,
        "input_scale": circuit.input_scale,
        "output_scale": circuit.output_scale,
        "inputs_committed": circuit.inputs_committed,
    }


def _figures(option: Option) -> dict[str, object]:
    circuit = option.circuit
    return {
        "circuit": msgspec.to_builtins(option.candidate.knobs),
        "rows": circuit.num_rows,
        "max_error": option.candidate.max_error,
        "verify_gas": circuit.predicted_verify_gas,
        "transaction_gas": option.transaction_gas,
        "prove_cpu_s": round(circuit.estimated_prove_cpu_s, 2),
        "prove_memory_bytes": circuit.estimated_prove_memory_bytes,
        "proof_bytes": circuit.proof_bytes,
        "contract_bytes": circuit.verifier_runtime_bytes,
    }


def _id_of(checksums: dict[str, str]) -> str:
    fixed = {name: checksums.get(name) for name in _FIXED}
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BuiltPackageError(path, f"{MANIFEST} cannot be read ({type(error).__name__})") from None
    if not isinstance(content, dict) or not {"id", "sha256"} <= set(content):
        raise BuiltPackageError(path, f"{MANIFEST} lacks id or sha256")
    return content
