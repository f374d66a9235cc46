"""From an ONNX file to a model package with circuits: searched, built, chosen and written."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from prover.errors import EzklFailedError, VerifierTooLargeError
from prover.zkml.batch_build import BatchBuilder, Tried
from prover.zkml.cache import Progress
from prover.zkml.circuit import prepare_circuit
from prover.zkml.circuit_accumulator import Accumulator, prepare_accumulator
from prover.zkml.errors import NoCircuitError
from prover.zkml.frontier import Option, Preference, choose, shortlist
from prover.zkml.inputs import InputBinding, decide_inputs
from prover.zkml.network import Network
from prover.zkml.package import ModelPackage
from prover.zkml.sample import read_sample
from prover.zkml.search import Sample, compute, search
from prover.zkml.sizing import Candidate
from prover.zkml.srs import open_srs

_DEFAULT_ERROR = 0.01
"""Of the largest output on the sample."""
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class BuildRequest:
    """What to build."""

    network: Path
    sample: Path
    name: str
    """Of the model: lower-case letters, digits and hyphens."""
    version: str
    preference: Preference
    max_error: float | None
    """Largest error of an output on the sample that is accepted; None for 1 % of the largest output."""
    srs: Path | None
    """SRS file; None for a development SRS."""
    batch_sizes: tuple[int, ...] | None = None
    """Numbers of inferences in one proof, 1 among them; None for those of `DEFAULT_SIZES` that can be had."""
    inputs: InputBinding | None = None
    """How a proof names its inputs; None for what is cheaper."""


@dataclass(frozen=True)
class Built:
    """The circuits that came into question, and those of the package."""

    package: ModelPackage
    options: tuple[Option, ...]
    """For one inference."""
    chosen: Option
    batches: tuple[Option, ...]
    """For several inferences, the smallest first."""
    accumulators: tuple[Accumulator | None, ...]
    """Of the chosen circuit and of the batches."""

    @property
    def circuits(self) -> tuple[Option, ...]:
        """All circuits of the package, the smallest batch size first."""
        return (self.chosen, *self.batches)


def name_of(path: Path) -> str:
    """A model's name from that of its file."""
    return _NOT_IN_NAMES.sub("-", path.stem.lower()).strip("-")[:64] or "model"


def build(request: BuildRequest, cache_dir: Path, progress: Progress) -> Built:
    """Searches the settings, sets up the best few circuits, and chooses one per batch size. Proves nothing.

    Finished steps are in the cache, so that a build that was interrupted goes on where it stopped.

    Raises:
        NetworkError: the ONNX file cannot become a circuit.
        SampleError: the sample cannot be used.
        NoCircuitError: no circuit is accurate enough, or none fits a contract.
        BatchUnavailableError: the network has no circuit for a batch size that was asked for.
        SrsFileError: the SRS cannot be used, or is too small.
        EzklError: ezkl crashes or takes too long.
        VerifierSourceError, VerifierCompileError: the verifier cannot be made here.
    """
    network = Network.load(request.network)
    sample = read_sample(request.sample, network.input_size)
    expected = network.run(sample)
    progress(
        f"{request.name}: {network.input_size} inputs, {network.output_size} outputs, {len(sample)} samples"
    )
    plan = decide_inputs(network.input_size, request.inputs, request.batch_sizes)
    progress(plan.reason)
    found = search(network, sample, expected, plan.visibility, progress)
    accepted = _require_accurate(found, _accepted_error(request, expected))
    drafts = [
        (item, _draft(request, network, sample, item)) for item in shortlist(accepted, request.preference)
    ]
    options = _set_up(drafts, request.srs, cache_dir, progress)
    chosen, tried = _choose_checked(network, sample, expected, options, request, progress)
    package = next(package for item, package in drafts if item == chosen.candidate)
    builder = BatchBuilder(
        package, tried, request.preference, request.srs, plan.required, cache_dir, progress
    )
    batches = [option for size in plan.batch_sizes[1:] if (option := builder.build(size))]
    circuits = tuple(option.candidate.knobs for option in (chosen, *batches))
    accumulators = [prepare_accumulator(option.circuit, progress) for option in (chosen, *batches)]
    return Built(
        dataclasses.replace(package, circuits=circuits),
        tuple(options),
        chosen,
        tuple(batches),
        tuple(accumulators),
    )


def _accepted_error(request: BuildRequest, expected: Sample) -> float:
    if request.max_error is not None:
        return request.max_error
    return _DEFAULT_ERROR * max(abs(value) for outputs in expected for value in outputs)


def _require_accurate(candidates: Sequence[Candidate], max_error: float) -> list[Candidate]:
    accepted = [item for item in candidates if item.max_error <= max_error]
    if not accepted:
        best = min(item.max_error for item in candidates)
        raise NoCircuitError(
            f"the smallest error on the sample is {best:.3g}, more than the {max_error:.3g} that is accepted",
            "raise --max-error, or train the model with smaller weights",
        )
    return accepted


def _draft(request: BuildRequest, network: Network, sample: Sample, candidate: Candidate) -> ModelPackage:
    """The package as it would be with these settings."""
    values = [value for inputs in sample for value in inputs]
    lowest, highest = min(values), max(values)
    return ModelPackage(
        name=request.name,
        version=request.version,
        description=f"Built from {request.network.name}.",
        onnx=request.network,
        network=network.content,
        weights_hash=network.sha256,
        input_names=tuple(f"x{index}" for index in range(network.input_size)),
        input_shape=network.input_shape,
        input_range=(lowest, highest if highest > lowest else lowest + 1),
        labels=tuple(f"y{index}" for index in range(network.output_size)),
        max_error=2 * candidate.max_error or 2.0**-candidate.knobs.scale,
        circuits=(candidate.knobs,),
    )


def _set_up(
    drafts: Sequence[tuple[Candidate, ModelPackage]], srs: Path | None, cache_dir: Path, progress: Progress
) -> list[Option]:
    options, refusals = [], []
    for candidate, package in drafts:
        opened = open_srs(srs, candidate.knobs.logrows) if srs else None
        try:
            options.append(Option(candidate, prepare_circuit(package, cache_dir, progress, opened)))
        except VerifierTooLargeError as error:
            refusals.append(str(error))
    if not options:
        raise NoCircuitError(refusals[-1], "use a smaller network, or split it")
    return options


def _choose_checked(
    network: Network,
    sample: Sample,
    expected: Sample,
    options: Sequence[Option],
    request: BuildRequest,
    progress: Progress,
) -> tuple[Option, Tried]:
    """The best circuit that is accurate and holds on the sample, and what it computes."""
    left, max_error, problem = list(options), _accepted_error(request, expected), ""
    while left:
        chosen = choose(left, request.preference)
        left.remove(chosen)
        try:
            witnesses = compute(network, chosen.candidate.knobs, sample, constraints=True)
        except EzklFailedError as error:
            progress(f"logrows {chosen.candidate.knobs.logrows}: the sample does not satisfy the circuit")
            problem = str(error)
            continue
        largest = witnesses.error(expected)
        progress(f"every constraint holds on the sample, error {largest:.2g}")
        if largest > max_error:
            problem = (
                f"the error on the sample is {largest:.3g}, more than the {max_error:.3g} that is accepted"
            )
            continue
        return chosen, Tried(network, chosen.candidate.precision, sample, witnesses.words)
    raise NoCircuitError(problem, "give a sample of inputs that occur")


def describe(package: ModelPackage) -> str:
    """`model.json` of a package."""
    content = {
        "name": package.name,
        "version": package.version,
        "description": package.description,
        "input_names": package.input_names,
        "input_shape": package.input_shape,
        "input_range": package.input_range,
        "labels": package.labels,
        "max_error": package.max_error,
        "circuits": msgspec.to_builtins(package.circuits),
    }
    if package.max_rows > 1:
        content["max_rows"] = package.max_rows
    return json.dumps(content, indent=2) + "\n"
