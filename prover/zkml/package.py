"""Model packages: a directory with `network.onnx` and `model.json`."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from prover.errors import (
    ExternalTensorError,
    InputCountError,
    InputOutsideRangeError,
    InputValueError,
    PackageError,
)
from prover.zkml.external_tensors import find_external_tensors

NETWORK_FILE = "network.onnx"
DESCRIPTION_FILE = "model.json"
MAX_BATCH_SIZE: Final = 256
MAX_ROWS: Final = 1024
COMMITTED: Final = "polycommit"
"""The visibility of inputs that are committed to."""

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Size = Annotated[int, Meta(ge=1)]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How ezkl builds the circuit; with the network, this determines the verifying key."""

    scale: Annotated[int, Meta(ge=1, le=32)]
    """Fixed point: a value is `round(value * 2^scale)`; for inputs and parameters."""
    logrows: Annotated[int, Meta(ge=6, le=26)]
    """The circuit has 2^logrows rows. Best: the smallest that holds it in one block of columns."""
    decomp_base: Annotated[int, Meta(ge=2)]
    """Integers are range-checked as `decomp_legs` digits of this base."""
    decomp_legs: Size
    num_inner_cols: Size
    disable_freivalds: bool
    input_visibility: Literal["public", "polycommit"]
    """With `polycommit`, a proof begins with a commitment to its inputs, and they are no instances."""
    output_visibility: Literal["public"]
    param_visibility: Literal["fixed"]
    """Fixed parameters are part of the verifying key, so that the key is the model."""
    lookup_range: tuple[int, int] = (-32768, 32768)
    """Quantised values for which there are tables of functions such as sigmoid; the narrower, the cheaper."""
    batch_size: Annotated[int, Meta(ge=1, le=MAX_BATCH_SIZE)] = 1
    """Number of inferences that one proof covers."""


class _Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model.json`."""

    name: Name
    version: str
    description: str
    input_names: Annotated[tuple[str, ...], Meta(min_length=1)]
    input_shape: Annotated[tuple[Size, ...], Meta(min_length=1)]
    input_range: tuple[float, float]
    labels: Annotated[tuple[str, ...], Meta(min_length=1)]
    max_error: Annotated[float, Meta(gt=0)]
    circuits: Annotated[tuple[Knobs, ...], Meta(min_length=1)]
    max_rows: Annotated[int, Meta(ge=1, le=MAX_ROWS)] = 1


@dataclass(frozen=True)
class ModelPackage:
    """A model as it is published and registered."""

    name: str
    version: str
    description: str
    onnx: Path
    network: bytes = field(repr=False)
    """Content of the ONNX file; it holds all weights."""
    weights_hash: bytes
    """sha256 of the ONNX file, as `ModelRegistry.register` takes it."""
    input_names: tuple[str, ...]
    """One name per input value, with its unit."""
    input_shape: tuple[int, ...]
    input_range: tuple[float, float]
    """Lowest and highest value of every input. In between, the circuit keeps `max_error`."""
    labels: tuple[str, ...]
    """Class of each output value; the highest value wins."""
    max_error: float
    """Largest difference between an output of the circuit and of the ONNX model that is tolerated."""
    circuits: tuple[Knobs, ...]
    """One for each batch size, the smallest first. They differ in costs, never in an output's last bit."""
    max_rows: int = 1
    """Inferences that one request may ask for, at the tiers without proofs."""

    @property
    def knobs(self) -> Knobs:
        """Those of the circuit for one inference."""
        return self.circuits[0]

    def knobs_for(self, batch_size: int) -> Knobs:
        """Those of the circuit for `batch_size` inferences.

        Raises:
            PackageError: the package has none.
        """
        for knobs in self.circuits:
            if knobs.batch_size == batch_size:
                return knobs
        raise PackageError(self.onnx.parent, f"it has no circuit for {batch_size} inferences")

    @property
    def input_size(self) -> int:
        """Number of input values."""
        return math.prod(self.input_shape)

    @property
    def filling(self) -> float:
        """Input value of slots of a batch that are left over: the one nearest to zero that is allowed."""
        lowest, highest = self.input_range
        return min(max(lowest, 0.0), highest)

    @classmethod
    def load(cls, path: Path) -> ModelPackage:
        """Reads the package in the directory `path`.

        Raises:
            PackageError: a file is missing or malformed, or the two do not fit together.
            ExternalTensorError: the network has weights in another file.
        """
        content = _read_description(path)
        network = _read_network(path)
        if len(content.input_names) != math.prod(content.input_shape):
            raise PackageError(
                path, f"{len(content.input_names)} input names for the shape {list(content.input_shape)}"
            )
        return cls(
            name=content.name,
            version=content.version,
            description=content.description,
            onnx=path / NETWORK_FILE,
            network=network,
            weights_hash=hashlib.sha256(network).digest(),
            input_names=content.input_names,
            input_shape=content.input_shape,
            input_range=_require_range(path, content.input_range),
            labels=content.labels,
            max_error=content.max_error,
            circuits=_require_alike(path, content.circuits),
            max_rows=content.max_rows,
        )


def require_in_range(inputs: Sequence[float], lowest: float, highest: float) -> None:
    """Refuses inputs for which a model is not meant, and its circuit may not be accurate.

    Raises:
        InputOutsideRangeError: a value is below `lowest` or above `highest`.
    """
    for index, value in enumerate(inputs):
        if not lowest <= value <= highest:
            raise InputOutsideRangeError(index, value, lowest, highest)


def require_inputs(inputs: Sequence[float], expected: int) -> tuple[float, ...]:
    """The inputs as floats, checked before any work is done.

    Raises:
        InputCountError: not exactly `expected` values.
        InputValueError: a value is no number, or not finite as float32.
    """
    if len(inputs) != expected:
        raise InputCountError(expected, len(inputs))
    return tuple(_require_finite(index, value) for index, value in enumerate(inputs))


def _require_finite(index: int, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputValueError(index, value)
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    except (OverflowError, struct.error):
        raise InputValueError(index, value) from None
    if not math.isfinite(rounded):
        raise InputValueError(index, value)
    return float(value)


def _require_range(path: Path, input_range: tuple[float, float]) -> tuple[float, float]:
    lowest, highest = input_range
    if not lowest < highest:
        raise PackageError(path, f"input_range [{lowest:g}, {highest:g}] is empty")
    return input_range


def _require_alike(path: Path, circuits: tuple[Knobs, ...]) -> tuple[Knobs, ...]:
    """What all circuits of a model have in common, and what only the first may have."""
    sizes = [knobs.batch_size for knobs in circuits]
    if sizes != sorted(set(sizes)) or sizes[0] != 1:
        raise PackageError(
            path, f"its circuits have the batch sizes {sizes}, expected 1 and then larger ones"
        )
    if len({knobs.scale for knobs in circuits}) > 1:
        raise PackageError(path, "its circuits have several scales, so that their outputs would differ")
    if len(circuits) > 1 and any(knobs.input_visibility == COMMITTED for knobs in circuits):
        raise PackageError(path, "only a circuit for one inference can commit to its inputs")
    return circuits


def _read_description(path: Path) -> _Description:
    try:
        return msgspec.json.decode(_read(path, DESCRIPTION_FILE), type=_Description)
    except msgspec.DecodeError as error:
        raise PackageError(path, f"{DESCRIPTION_FILE} is malformed ({error})") from None


def _read_network(path: Path) -> bytes:
    network = _read(path, NETWORK_FILE)
    try:
        external = list(find_external_tensors(network))
    except ValueError as error:
        raise PackageError(path, f"{NETWORK_FILE} is no ONNX model ({error})") from None
    if external:
        raise ExternalTensorError(path, NETWORK_FILE, external)
    return network


def _read(path: Path, name: str) -> bytes:
    try:
        content = (path / name).read_bytes()
    except OSError as error:
        raise PackageError(path, f"{name} cannot be read ({error.strerror})") from None
    if not content:
        raise PackageError(path, f"{name} is empty")
    return content
