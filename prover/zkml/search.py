"""Searches a circuit's settings without proving: rows from ezkl's settings, accuracy from its witnesses."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from prover.errors import EzklFailedError
from prover.zkml.errors import NoCircuitError, UnsupportedOperatorError
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.network import Network
from prover.zkml.package import Knobs
from veritally.commitments import dequantise

Progress = Callable[[str], None]
Sample = Sequence[Sequence[float]]

SCALES: Final = (5, 7, 9, 11, 13, 15)
DIGITS: Final = (
    (128, 2), (256, 2), (512, 2), (1024, 2), (128, 3), (2048, 2), (256, 3), (4096, 2), (8192, 2), (512, 3),
    (128, 4), (16384, 2), (1024, 3), (256, 4), (2048, 3), (4096, 3), (512, 4), (8192, 3), (1024, 4),
    (2048, 4), (4096, 4),
)  # fmt: skip
"""Base and number of digits for range checks, by the range of values that they cover."""
COLUMNS: Final = (1, 2)
ROOM: Final = 2
"""Circuits have room for values this many times larger than those of the sample."""
RESERVED_ROWS: Final = 8
"""Rows that a circuit keeps for blinding."""
MIN_LOGROWS, MAX_LOGROWS = 8, 20
_ANY_LOGROWS: Final = 22
ROWS_TIMEOUT_S, ACCURACY_TIMEOUT_S = 300.0, 900.0

_UNKNOWN_OPERATOR = re.compile(r"Unimplemented\((\w+)\)|Unknown op: (\w+)")


@dataclass(frozen=True)
class Candidate:
    """Settings with which the circuit computes the whole sample."""

    knobs: Knobs
    rows: int
    max_error: float
    """Largest difference of an output value from onnxruntime's, on the sample."""


@dataclass(frozen=True)
class _Precision:
    """What a scale needs, and how accurate it then is."""

    scale: int
    table_bits: int | None
    """Tables of functions go from -2^bits to 2^bits; None when there are none."""
    digits: tuple[tuple[int, int], ...]
    """Those of `DIGITS` with room for the sample."""
    max_error: float


@dataclass(frozen=True)
class _Run:
    """What the witnesses of the sample say."""

    max_error: float
    largest_lookup: int


def search(network: Network, sample: Sample, expected: Sample, progress: Progress) -> list[Candidate]:
    """For each scale and number of columns the settings with the fewest rows.

    Args:
        network: The network.
        sample: Inputs for which the circuit must have room.
        expected: The outputs of onnxruntime for them.
        progress: Is told each scale that was tried.

    Raises:
        UnsupportedOperatorError: ezkl knows no circuit for an operator.
        EzklError: ezkl refuses the network, crashes or takes too long.
        NoCircuitError: the sample's values are too large for every setting.
    """
    probe = _rows(network, [_knobs(SCALES[0], DIGITS[-1], 1)])[0]
    if "error" in probe:
        raise NoCircuitError(str(probe["error"]), "simplify the network")
    found: list[Candidate] = []
    for scale in SCALES:
        precision = _measure_scale(network, scale, sample, expected, bool(probe["tables"]))
        if precision is None:
            progress(f"scale {scale}: the sample's values do not fit")
            continue
        found += _fewest_rows(network, precision)
        progress(f"scale {scale}: error {precision.max_error:.2g}")
    if not found:
        raise NoCircuitError(
            f"none of the scales {SCALES} has room for the sample's values", "normalise the network's inputs"
        )
    return found


def check(network: Network, candidate: Candidate, sample: Sample, expected: Sample) -> Candidate:
    """The candidate with its error, every constraint of the finished circuit checked on the whole sample.

    Raises:
        EzklError: a constraint does not hold, or the work took too long.
    """
    run = _run(network, candidate.knobs, sample, expected, constraints=True)
    return Candidate(candidate.knobs, candidate.rows, run.max_error)


def _measure_scale(
    network: Network, scale: int, sample: Sample, expected: Sample, tables: bool
) -> _Precision | None:
    """The least room that the sample needs at a scale; None when there is not enough in any setting."""
    runs: dict[int, _Run] = {}
    low, high = 0, len(DIGITS)
    while low < high:
        middle = (low + high) // 2
        try:
            runs[middle] = _run(
                network, _knobs(scale, DIGITS[middle], 1), sample, expected, constraints=False
            )
            high = middle
        except EzklFailedError:
            low = middle + 1
    if low not in runs:
        return None
    needed = ROOM * _room(DIGITS[low])
    digits = tuple(item for item in DIGITS if _room(item) >= needed)
    bits = (ROOM * runs[low].largest_lookup).bit_length() if tables else None
    return _Precision(scale, bits, digits, runs[low].max_error)


def _room(digits: tuple[int, int]) -> int:
    base, count = digits
    return int(base**count)


def _run(network: Network, knobs: Knobs, sample: Sample, expected: Sample, *, constraints: bool) -> _Run:
    with tempfile.TemporaryDirectory(prefix="veritally-search-") as folder:
        arguments: dict[str, object] = {"network": str(network.path), "folder": folder, "sample": sample}
        arguments |= {"knobs": msgspec.to_builtins(knobs), "constraints": constraints}
        result = run_ezkl(Stage.ACCURACY, arguments, ACCURACY_TIMEOUT_S)
    (output_scale,) = result["output_scales"]
    error = max(
        abs(computed - wanted)
        for words, wanted_outputs in zip(result["outputs"], expected, strict=True)
        for computed, wanted in zip(_outputs(words, output_scale), wanted_outputs, strict=True)
    )
    return _Run(error, int(result["largest_lookup"]))


def _fewest_rows(network: Network, precision: _Precision) -> Iterator[Candidate]:
    for columns in COLUMNS:
        options = [
            _knobs(precision.scale, digits, columns, precision.table_bits) for digits in precision.digits
        ]
        sized = [
            (_with_logrows(knobs, item["rows"], precision.table_bits), int(item["rows"]))
            for knobs, item in zip(options, _rows(network, options), strict=True)
            if "error" not in item
        ]
        fitting = [item for item in sized if item[0].logrows <= MAX_LOGROWS]
        if fitting:
            knobs, rows = min(fitting, key=lambda item: (item[0].logrows, item[1]))
            yield Candidate(knobs, rows, precision.max_error)


def _rows(network: Network, knobs: Sequence[Knobs]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="veritally-search-") as folder:
        arguments: dict[str, object] = {"network": str(network.path), "output": f"{folder}/settings.json"}
        arguments |= {"knobs": msgspec.to_builtins(knobs)}
        found: list[dict[str, Any]] = run_ezkl(Stage.ROWS, arguments, ROWS_TIMEOUT_S)
    for item in found:
        if unknown := _UNKNOWN_OPERATOR.search(str(item.get("error", ""))):
            raise UnsupportedOperatorError(network.path, unknown.group(1) or unknown.group(2))
    return found


def _with_logrows(knobs: Knobs, rows: int, table_bits: int | None) -> Knobs:
    """The fewest rows that hold the circuit in one block of columns, and each of its tables in one column."""
    widest_table = max(knobs.decomp_base, 0 if table_bits is None else 2 ** (table_bits + 1) + 1)
    needed = max(rows, widest_table) + RESERVED_ROWS
    return msgspec.structs.replace(knobs, logrows=max(MIN_LOGROWS, needed.bit_length()))


def _outputs(words: Sequence[str], scale: int) -> tuple[float, ...]:
    return dequantise([int.from_bytes(bytes.fromhex(word), "little") for word in words], scale)


def _knobs(scale: int, digits: tuple[int, int], columns: int, table_bits: int | None = None) -> Knobs:
    knobs = Knobs(
        scale=scale,
        logrows=_ANY_LOGROWS,
        decomp_base=digits[0],
        decomp_legs=digits[1],
        num_inner_cols=columns,
        disable_freivalds=True,
        input_visibility="public",
        output_visibility="public",
        param_visibility="fixed",
    )
    if table_bits is None:
        return knobs
    return msgspec.structs.replace(knobs, lookup_range=(-(2**table_bits), 2**table_bits))
