"""A built model package on disk: the model, its circuits and their verifiers, under an id that fixes them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from prover.zkml.archive import SUFFIX, write_archive
from prover.zkml.build import Built, describe
from prover.zkml.cache import sha256_of
from prover.zkml.circuit import COMPILED, SETTINGS, SOURCE, VERIFIER, VERIFYING_KEY
from prover.zkml.circuit_accumulator import ACCUMULATOR, ACCUMULATOR_SOURCE
from prover.zkml.errors import BuiltPackageError
from prover.zkml.frontier import Option
from prover.zkml.package import DESCRIPTION_FILE, NETWORK_FILE
from prover.zkml.solidity import SOLC_VERSION
from prover.zkml.verifier_source import read_srs_words

MANIFEST: Final = "package.json"
CIRCUITS: Final = "circuits"
_MODEL_FILES: Final = (NETWORK_FILE, DESCRIPTION_FILE)
_CIRCUIT_FILES: Final = (SETTINGS, COMPILED, VERIFYING_KEY, SOURCE, VERIFIER, ACCUMULATOR_SOURCE, ACCUMULATOR)
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

    @property
    def name(self) -> str:
        """Of its folder, which has the model's name and the beginning of the id."""
        return self.path.name

    @property
    def circuits(self) -> list[dict[str, Any]]:
        """What the manifest says of each circuit, the smallest batch size first."""
        return list(self.manifest["circuits"])

    def circuit_folder(self, batch_size: int) -> Path:
        """Folder with the files of a circuit."""
        return self.path / CIRCUITS / str(batch_size)

    @classmethod
    def load(cls, path: Path) -> BuiltPackage:
        """Reads the package in the folder `path` and checks every file.

        Raises:
            BuiltPackageError: a file is missing or is not the one of the manifest.
        """
        manifest = _read_manifest(path)
        for name, expected in manifest["sha256"].items():
            file = path / name
            if not file.is_file() or sha256_of(file) != expected:
                raise BuiltPackageError(path, f"{name} is missing or is not the file that was built")
        sizes = [circuit["batch_size"] for circuit in manifest["circuits"]]
        if set(manifest["sha256"]) != set(_files(sizes)) or manifest["id"] != _id_of(manifest["sha256"]):
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
    (unfinished / NETWORK_FILE).write_bytes(built.package.network)
    (unfinished / DESCRIPTION_FILE).write_text(describe(built.package), encoding="utf-8")
    for option in built.circuits:
        folder = unfinished / CIRCUITS / str(option.circuit.batch_size)
        folder.mkdir(parents=True)
        for name in _CIRCUIT_FILES:
            shutil.copy(option.circuit.paths.settings.parent / name, folder / name)
    sizes = [option.circuit.batch_size for option in built.circuits]
    checksums = {name: sha256_of(unfinished / name) for name in _files(sizes)}
    manifest = _manifest(built, checksums)
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    target = out / f"{built.package.name}-{manifest['id'][:_ID_CHARACTERS]}"
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    return BuiltPackage(target, manifest)


def write_archived(built: Built, out: Path) -> Path:
    """Writes the package as one file into `out`, named as its folder would be, and returns its path.

    Raises:
        OSError: `out` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="veritally-package-") as folder:
        package = write_package(built, Path(folder))
        target = out / f"{package.name}{SUFFIX}"
        write_archive(package.path, target)
    return target


def _files(batch_sizes: list[int]) -> list[str]:
    """Names of all files but the manifest."""
    of_circuits = [f"{CIRCUITS}/{size}/{name}" for size in batch_sizes for name in _CIRCUIT_FILES]
    return [*_MODEL_FILES, *of_circuits]


def _manifest(built: Built, checksums: dict[str, str]) -> dict[str, Any]:
    return {
        "id": _id_of(checksums),
        "sha256": checksums,
        "ezkl": built.chosen.circuit.ezkl_version,
        "solc": SOLC_VERSION,
        "development_srs": built.chosen.circuit.development_srs,
        "circuits": [_describe_circuit(option) for option in built.circuits],
        "frontier": [_figures(option) for option in built.options],
    }


def _describe_circuit(option: Option) -> dict[str, Any]:
    circuit = option.circuit
    source = (circuit.paths.settings.parent / SOURCE).read_text(encoding="utf-8")
    return {
        "batch_size": circuit.batch_size,
        "srs": {
            "sha256": sha256_of(circuit.paths.srs),
            "neg_s_g2": [f"0x{word:064x}" for word in read_srs_words(source)],
        },
        "instances": {
            "inputs": circuit.inputs,
            "inputs_committed": circuit.inputs_committed,
            "outputs": circuit.outputs,
            "input_scale": circuit.input_scale,
            "output_scale": circuit.output_scale,
            "count": circuit.instance_count,
        },
        "predicted": _figures(option),
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
    """Without the compiled circuits, which are not the same in every build of the same model."""
    fixed = {name: value for name, value in checksums.items() if not name.endswith(f"/{COMPILED}")}
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BuiltPackageError(path, f"{MANIFEST} cannot be read ({type(error).__name__})") from None
    if not isinstance(content, dict) or not {"id", "sha256", "circuits"} <= set(content):
        raise BuiltPackageError(path, f"{MANIFEST} lacks id, sha256 or circuits")
    return content
