"""How many rows a circuit has with which settings: from ezkl's settings alone, in milliseconds."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from prover.zkml.errors import UnsupportedOperatorError
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.network import Network
from prover.zkml.package import Knobs

Visibility = Literal["public", "polycommit"]

DIGITS: Final = (
    (128, 2), (256, 2), (512, 2), (1024, 2), (128, 3), (2048, 2), (256, 3), (4096, 2), (8192, 2), (512, 3),
    (128, 4), (16384, 2), (1024, 3), (256, 4), (2048, 3), (4096, 3), (512, 4), (8192, 3), (1024, 4),
    (2048, 4), (4096, 4),
)  # fmt: skip
"""Base and number of digits for range checks, by the range of values that they cover."""
COLUMNS: Final = (1, 2)
RESERVED_ROWS: Final = 8
"""Rows that a circuit keeps for blinding."""
MIN_LOGROWS, MAX_LOGROWS = 8, 20
_ANY_LOGROWS: Final = 22
ROWS_TIMEOUT_S: Final = 300.0

_UNKNOWN_OPERATOR = re.compile(r"Unimplemented\((\w+)\)|Unknown op: (\w+)")


@dataclass(frozen=True)
class Precision:
    """What a scale needs, and how accurate it then is. It is the same for every batch size."""

    scale: int
    table_bits: int | None
    """Tables of functions go from -2^bits to 2^bits; None when there are none."""
    digits: tuple[tuple[int, int], ...]
    """Those of `DIGITS` with room for the sample."""
    max_error: float
    """Largest difference of an output value from onnxruntime's, on the sample."""


@dataclass(frozen=True)
class Candidate:
    """Settings with which the circuit computes the whole sample."""

    knobs: Knobs
    rows: int
    precision: Precision

    @property
    def max_error(self) -> float:
        """Largest difference of an output value from onnxruntime's, on the sample."""
        return self.precision.max_error


def fewest_rows(
    network: Network, precision: Precision, visibility: Visibility, batch_size: int = 1
) -> Iterator[Candidate]:
    """For each number of columns the settings with the fewest rows.

    With Freivalds' algorithm products of matrices need fewer rows and more columns. That comes into question
    only where the circuit then fits into half of the rows.

    Args:
        network: The network for `batch_size` inferences.
        precision: Of the scale.
        visibility: Of the inputs.
        batch_size: Number of inferences.

    Raises:
        EzklError: ezkl crashes or takes too long.
    """
    for columns in COLUMNS:
        options = [
            make_knobs(precision, digits, columns, visibility, batch_size) for digits in precision.digits
        ]
        plain = _smallest(network, precision, options)
        if plain is not None:
            yield plain
        limit = 2 ** (plain.knobs.logrows if plain else MAX_LOGROWS + 1)
        faster = [
            msgspec.structs.replace(knobs, disable_freivalds=False)
            for knobs in options
            if knobs.decomp_base < limit // 2
        ]
        checked = _smallest(network, precision, faster)
        if checked is not None and 2**checked.knobs.logrows < limit:
            yield checked


def count_rows(network: Network, knobs: Sequence[Knobs]) -> list[dict[str, Any]]:
    """For each of the settings `rows` and whether there are `tables`, or an `error`.

    Raises:
        UnsupportedOperatorError: ezkl knows no circuit for an operator.
        EzklError: ezkl crashes or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="veritally-search-") as folder:
        arguments: dict[str, object] = {"network": str(network.path), "output": f"{folder}/settings.json"}
        arguments |= {"knobs": msgspec.to_builtins(knobs)}
        found: list[dict[str, Any]] = run_ezkl(Stage.ROWS, arguments, ROWS_TIMEOUT_S)
    for item in found:
        if unknown := _UNKNOWN_OPERATOR.search(str(item.get("error", ""))):
            raise UnsupportedOperatorError(network.path, unknown.group(1) or unknown.group(2))
    return found


def make_knobs(
    precision: Precision,
    digits: tuple[int, int],
    columns: int,
    visibility: Visibility = "public",
    batch_size: int = 1,
) -> Knobs:
    """Settings without Freivalds' algorithm, for any number of rows."""
    knobs = Knobs(
        scale=precision.scale,
        logrows=_ANY_LOGROWS,
        decomp_base=digits[0],
        decomp_legs=digits[1],
        num_inner_cols=columns,
        disable_freivalds=True,
        input_visibility=visibility,
        output_visibility="public",
        param_visibility="fixed",
        batch_size=batch_size,
    )
    if precision.table_bits is None:
        return knobs
    return msgspec.structs.replace(knobs, lookup_range=(-(2**precision.table_bits), 2**precision.table_bits))


def _smallest(network: Network, precision: Precision, options: Sequence[Knobs]) -> Candidate | None:
    sized = [
        Candidate(_with_logrows(knobs, item["rows"], precision.table_bits), int(item["rows"]), precision)
        for knobs, item in zip(options, count_rows(network, options), strict=True)
        if "error" not in item
    ]
    fitting = [item for item in sized if item.knobs.logrows <= MAX_LOGROWS]
    return min(fitting, key=lambda item: (item.knobs.logrows, item.rows), default=None)


def _with_logrows(knobs: Knobs, rows: int, table_bits: int | None) -> Knobs:
    """The fewest rows that hold the circuit in one block of columns, and each of its tables in one column."""
    widest_table = max(knobs.decomp_base, 0 if table_bits is None else 2 ** (table_bits + 1) + 1)
    needed = max(rows, widest_table) + RESERVED_ROWS
    return msgspec.structs.replace(knobs, logrows=max(MIN_LOGROWS, needed.bit_length()))
