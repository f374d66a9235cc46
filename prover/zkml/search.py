"""Searches a circuit's settings without proving: rows from ezkl's settings, accuracy from its witnesses."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from prover.errors import EzklFailedError
from prover.zkml.errors import NoCircuitError
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.network import Network
from prover.zkml.package import Knobs
from prover.zkml.sizing import (
    DIGITS,
    Candidate,
    Precision,
    Visibility,
    count_rows,
    fewest_rows,
    make_knobs,
)
from veritally.commitments import dequantise

Progress = Callable[[str], None]
Sample = Sequence[Sequence[float]]

SCALES: Final = (5, 7, 9, 11, 13, 15)
ROOM: Final = 2
"""Circuits have room for values this many times larger than those of the sample."""
ACCURACY_TIMEOUT_S: Final = 900.0
_MISSING_ATTRIBUTE: Final = "missing required params"
"""ezkl knows no defaults for some attributes of operators, such as the strides of a convolution."""


@dataclass(frozen=True)
class Witnesses:
    """What a circuit computes for inputs."""

    words: tuple[tuple[str, ...], ...]
    """The output words for each input, in ezkl's hex."""
    output_scale: int
    largest_lookup: int

    def error(self, expected: Sample) -> float:
        """Largest difference of an output value from that of the network."""
        return max(
            abs(computed - wanted)
            for words, outputs in zip(self.words, expected, strict=True)
            for computed, wanted in zip(_outputs(words, self.output_scale), outputs, strict=True)
        )


def search(
    network: Network, sample: Sample, expected: Sample, visibility: Visibility, progress: Progress
) -> list[Candidate]:
    """For each scale and number of columns the settings with the fewest rows.

    Args:
        network: The network.
        sample: Inputs for which the circuit must have room.
        expected: The outputs of onnxruntime for them.
        visibility: Of the inputs.
        progress: Is told each scale that was tried.

    Raises:
        UnsupportedOperatorError: ezkl knows no circuit for an operator.
        EzklError: ezkl refuses the network, crashes or takes too long.
        NoCircuitError: the sample's values are too large for every setting.
    """
    probe = count_rows(network, [make_knobs(_any_precision(SCALES[0]), DIGITS[-1], 1)])[0]
    if "error" in probe:
        missing = _MISSING_ATTRIBUTE in probe["error"]
        fix = "write that attribute out, with its default" if missing else "simplify the network"
        raise NoCircuitError(str(probe["error"]), fix)
    found: list[Candidate] = []
    for scale in SCALES:
        precision = _measure_scale(network, scale, sample, expected, bool(probe["tables"]))
        if precision is None:
            progress(f"scale {scale}: the sample's values do not fit")
            continue
        found += fewest_rows(network, precision, visibility)
        progress(f"scale {scale}: error {precision.max_error:.2g}")
    if not found:
        raise NoCircuitError(
            f"none of the scales {SCALES} has room for the sample's values", "normalise the network's inputs"
        )
    return found


def compute(network: Network, knobs: Knobs, sample: Sample, *, constraints: bool) -> Witnesses:
    """What the circuit computes for each input of the sample.

    Args:
        network: The network for as many inferences as the knobs say.
        knobs: The circuit's settings.
        sample: Inputs of the network.
        constraints: Whether every constraint of the finished circuit is checked.

    Raises:
        EzklError: the values do not fit, a constraint does not hold, or the work took too long.
    """
    with tempfile.TemporaryDirectory(prefix="veritally-search-") as folder:
        arguments: dict[str, object] = {"network": str(network.path), "folder": folder, "sample": sample}
        # Visibility changes no output, and a commitment needs a verifying key.
        shown = msgspec.structs.replace(knobs, input_visibility="public")
        arguments |= {"knobs": msgspec.to_builtins(shown), "constraints": constraints}
        result = run_ezkl(Stage.ACCURACY, arguments, ACCURACY_TIMEOUT_S)
    (output_scale,) = result["output_scales"]
    return Witnesses(
        tuple(tuple(words) for words in result["outputs"]), output_scale, int(result["largest_lookup"])
    )


def _measure_scale(
    network: Network, scale: int, sample: Sample, expected: Sample, tables: bool
) -> Precision | None:
    """The least room that the sample needs at a scale; None when there is not enough in any setting."""
    runs: dict[int, Witnesses] = {}
    low, high = 0, len(DIGITS)
    while low < high:
        middle = (low + high) // 2
        knobs = make_knobs(_any_precision(scale), DIGITS[middle], 1)
        try:
            runs[middle] = compute(network, knobs, sample, constraints=False)
            high = middle
        except EzklFailedError:
            low = middle + 1
    if low not in runs:
        return None
    needed = ROOM * _room(DIGITS[low])
    digits = tuple(item for item in DIGITS if _room(item) >= needed)
    bits = (ROOM * runs[low].largest_lookup).bit_length() if tables else None
    return Precision(scale, bits, digits, runs[low].error(expected))


def _room(digits: tuple[int, int]) -> int:
    base, count = digits
    return int(base**count)


def _any_precision(scale: int) -> Precision:
    """Of a scale of which nothing is known yet."""
    return Precision(scale, None, (), 0.0)


def _outputs(words: Sequence[str], scale: int) -> tuple[float, ...]:
    return dequantise([int.from_bytes(bytes.fromhex(word), "little") for word in words], scale)
