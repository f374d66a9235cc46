"""From a model package to a circuit: settings, keys, and a verifier that can be deployed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from prover.zkml.batch import batched_network
from prover.zkml.cache import Progress, Step, exclusive, run_steps
from prover.zkml.cheaper import make_cheaper
from prover.zkml.ezkl_process import Measured, Stage, measure_ezkl, raise_if_disk_full
from prover.zkml.package import COMMITTED, NETWORK_FILE, Knobs, ModelPackage
from prover.zkml.shapes import require_shapes
from prover.zkml.solidity import SOLC_VERSION, compile_verifier
from prover.zkml.srs import SrsFile, development_srs, is_ceremony
from prover.zkml.verifier_source import add_guard, count_points, predict_gas, read_proof_bytes

TIMEOUT_S: Final = {Stage.SETTINGS: 120.0, Stage.COMPILE: 120.0, Stage.SETUP: 900.0, Stage.VERIFIER: 300.0}
SETTINGS, COMPILED, SOURCE, VERIFIER = "settings.json", "model.compiled", "verifier.sol", "verifier.json"
GUARDED: Final = "guarded.sol"
"""The verifier as ezkl generates it, with the guard and nothing else: accumulators are made from it."""
VERIFYING_KEY, PROVING_KEY, SETUP_COST = "vk.key", "pk.key", "setup.json"
_LAYOUT: Final = 6
"""Raise it when the files of a circuit's folder change their meaning."""
_PROVE_PER_SETUP_CPU: Final = 1.33
"""Proving takes this many times the CPU time of the setup; within 20 %."""
_PROVE_BASE_BYTES, _PROVE_BYTES_PER_KEY_BYTE = 30_000_000, 2.2


@dataclass(frozen=True)
class CircuitPaths:
    """The files that proving needs."""

    settings: Path
    compiled: Path
    verifying_key: Path
    proving_key: Path
    srs: Path


@dataclass(frozen=True)
class Circuit:
    """A prepared circuit. The instances of its proofs are the input words, unless they are committed, then
    the output words."""

    model: str
    paths: CircuitPaths
    vk_sha256: bytes
    """sha256 of the verifying key, as `ModelRegistry.addCircuit` takes it."""
    ezkl_version: str
    verifier_abi: list[dict[str, Any]]
    verifier_bytecode: bytes
    """Creation bytecode; the constructor takes no arguments."""
    batch_size: int
    """Number of inferences that one proof covers."""
    inputs_committed: bool
    """The instances hold no inputs: the proof begins with a commitment to them."""
    inputs: int
    """Number of input words of one inference."""
    outputs: int
    """Number of output words of one inference."""
    input_scale: int
    """A word is `round(value * 2^scale)` in the field."""
    output_scale: int
    num_rows: int
    logrows: int
    proof_bytes: int
    predicted_verify_gas: int
    """Gas of one `verifyProof`, within 3 %, without calldata. A call that is limited needs a margin."""
    verifier_runtime_bytes: int
    estimated_prove_cpu_s: float = field(compare=False)
    """CPU seconds of one proof on this machine, from those of the setup; within 20 %."""
    estimated_prove_memory_bytes: int
    development_srs: bool
    """True: whoever made the SRS can forge proofs. For development chains only."""
    filling: float = 0.0
    """Input value of slots of a batch that are left over: the one nearest to zero that the model allows."""

    @property
    def instance_count(self) -> int:
        """Number of public words of a proof."""
        return self.batch_size * (self.outputs + (0 if self.inputs_committed else self.inputs))


def prepare_circuit(
    package: ModelPackage,
    cache_dir: Path,
    progress: Progress,
    srs: SrsFile | None = None,
    batch_size: int = 1,
) -> Circuit:
    """Prepares a circuit of a package, or takes it from the cache.

    What is in the cache is checked, and made again where it is damaged. Several processes may prepare the
    same circuit: one works, the others wait.

    Args:
        package: The model.
        cache_dir: Directory for circuits and the development SRS; created when missing.
        progress: Is told each step that was done, with its time in seconds.
        srs: The SRS to use; None for the development SRS in the cache.
        batch_size: Number of inferences that a proof covers.

    Raises:
        NotBatchableError: there is no network for so many inferences.
        EzklError: ezkl refuses the network or its knobs, crashes or takes too long.
        DiskFullError: there is no room for a file; what was finished stays.
        VerifierSourceError: ezkl generates another verifier than this version knows.
        VerifierCompileError: there is no solc, or it refuses the verifier.
        VerifierTooLargeError: the verifier cannot be deployed on any EVM chain.
        CorruptSrsError: the development SRS has changed on disk.
        PackageError: the package has no such circuit, or its inputs or outputs are not the network's.
    """
    knobs = package.knobs_for(batch_size)

    def tell(line: str) -> None:
        several = "" if batch_size == 1 else f" for {batch_size} inferences"
        progress(f"circuit {package.name}{several}: {line}")

    srs = srs or development_srs(cache_dir, knobs.logrows, tell)
    folder = cache_dir / "circuits" / f"{package.name}-{_cache_key(package, knobs, srs)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / "lock", lambda: tell("another process prepares it, waiting")):
            run_steps(folder, _Build(package, knobs, srs, folder).steps(), tell)
            return _load(package, knobs, srs, folder)
    except OSError as error:
        raise_if_disk_full(error, f"circuit of model {package.name}")
        raise


def _cache_key(package: ModelPackage, knobs: Knobs, srs: SrsFile) -> str:
    """Changes with everything that the circuit is made from."""
    parts = {
        "layout": _LAYOUT,
        "onnx": package.weights_hash.hex(),
        "knobs": msgspec.to_builtins(knobs),
        "ezkl": version("ezkl"),
        "solc": SOLC_VERSION,
        "srs": srs.sha256,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class _Build:
    """Makes the files of one circuit's folder."""

    package: ModelPackage
    knobs: Knobs
    srs: SrsFile
    folder: Path

    def steps(self) -> list[Step]:
        """In the order in which they need each other."""
        return [
            Step("network", (), (NETWORK_FILE,), self.write_network),
            Step("settings", (NETWORK_FILE,), (SETTINGS,), self.write_settings),
            Step("compiled model", (NETWORK_FILE, SETTINGS), (COMPILED,), self.write_compiled),
            Step("proving key", (COMPILED,), (VERIFYING_KEY, PROVING_KEY, SETUP_COST), self.write_keys),
            Step("verifier source", (VERIFYING_KEY, SETTINGS), (GUARDED, SOURCE), self.write_source),
            Step("verifier bytecode", (SOURCE,), (VERIFIER,), self.write_verifier),
        ]

    def write_network(self, target: Path) -> None:
        content, batch_size = self.package.network, self.knobs.batch_size
        (target / NETWORK_FILE).write_bytes(
            content if batch_size == 1 else batched_network(content, batch_size)
        )

    def write_settings(self, target: Path) -> None:
        knobs, network = msgspec.to_builtins(self.knobs), self.folder / NETWORK_FILE
        self._ezkl(Stage.SETTINGS, network=network, output=target / SETTINGS, knobs=knobs)

    def write_compiled(self, target: Path) -> None:
        network, settings = self.folder / NETWORK_FILE, self.folder / SETTINGS
        self._ezkl(Stage.COMPILE, network=network, settings=settings, output=target / COMPILED)

    def write_keys(self, target: Path) -> None:
        measured = self._ezkl(
            Stage.SETUP,
            compiled=self.folder / COMPILED,
            srs=self.srs.path,
            verifying_key=target / VERIFYING_KEY,
            proving_key=target / PROVING_KEY,
        )
        cost = {"cpu_s": measured.cpu_s, "peak_memory_bytes": measured.peak_memory_bytes}
        (target / SETUP_COST).write_text(json.dumps(cost) + "\n", encoding="utf-8")

    def write_source(self, target: Path) -> None:
        generated = target / "generated.sol"
        self._ezkl(
            Stage.VERIFIER,
            verifying_key=self.folder / VERIFYING_KEY,
            settings=self.folder / SETTINGS,
            srs=self.srs.path,
            output=generated,
        )
        guarded = add_guard(generated.read_text(encoding="utf-8"))
        (target / GUARDED).write_text(guarded, encoding="utf-8")
        (target / SOURCE).write_text(make_cheaper(guarded), encoding="utf-8")

    def write_verifier(self, target: Path) -> None:
        verifier = compile_verifier((self.folder / SOURCE).read_text(encoding="utf-8"))
        content = {**dataclasses.asdict(verifier), "creation_bytecode": verifier.creation_bytecode.hex()}
        (target / VERIFIER).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _ezkl(self, stage: Stage, **arguments: object) -> Measured:
        values = {name: str(item) if isinstance(item, Path) else item for name, item in arguments.items()}
        return measure_ezkl(stage, values, TIMEOUT_S[stage])


def _load(package: ModelPackage, knobs: Knobs, srs: SrsFile, folder: Path) -> Circuit:
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    verifier = json.loads((folder / VERIFIER).read_text(encoding="utf-8"))
    setup = json.loads((folder / SETUP_COST).read_text(encoding="utf-8"))
    source = (folder / SOURCE).read_text(encoding="utf-8")
    inputs, outputs = require_shapes(package, knobs, settings)
    (input_scale,), (output_scale,) = settings["model_input_scales"], settings["model_output_scales"]
    paths = _paths(srs, folder)
    batch_size, committed = knobs.batch_size, knobs.input_visibility == COMMITTED
    instances = batch_size * (outputs + (0 if committed else inputs))
    return Circuit(
        model=package.name,
        paths=paths,
        vk_sha256=hashlib.sha256(paths.verifying_key.read_bytes()).digest(),
        ezkl_version=version("ezkl"),
        verifier_abi=verifier["abi"],
        verifier_bytecode=bytes.fromhex(verifier["creation_bytecode"]),
        batch_size=batch_size,
        inputs_committed=committed,
        inputs=inputs,
        outputs=outputs,
        input_scale=input_scale,
        output_scale=output_scale,
        num_rows=settings["num_rows"],
        logrows=settings["run_args"]["logrows"],
        proof_bytes=read_proof_bytes(source),
        predicted_verify_gas=predict_gas(count_points(source), instances, verifier["optimizer_runs"]),
        verifier_runtime_bytes=verifier["runtime_bytes"],
        estimated_prove_cpu_s=setup["cpu_s"] * _PROVE_PER_SETUP_CPU,
        estimated_prove_memory_bytes=_PROVE_BASE_BYTES
        + round(_PROVE_BYTES_PER_KEY_BYTE * paths.proving_key.stat().st_size),
        development_srs=not is_ceremony(source),
        filling=package.filling,
    )


def _paths(srs: SrsFile, folder: Path) -> CircuitPaths:
    return CircuitPaths(
        settings=folder / SETTINGS,
        compiled=folder / COMPILED,
        verifying_key=folder / VERIFYING_KEY,
        proving_key=folder / PROVING_KEY,
        srs=srs.path,
    )
