"""What a client may ask for, checked before any payment is asked for or taken."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from prover.errors import RequestRefusedError

MAX_BODY_BYTES = 65_536


@dataclass(frozen=True)
class InferenceInput:
    """The input of one inference."""

    values: tuple[float, ...]
    """The numbers in the order that the model takes them."""
    committed: tuple[int | float, ...]
    """The same numbers as the client wrote them: integers without a point stay integers in the commitment."""


def parse_inference_body(body: bytes, expected_values: int) -> InferenceInput:
    """Reads `{"input": [number, ...]}`.

    Raises:
        RequestRefusedError: 413 when it is too large, 400 when it is no JSON, 422 when it is no such input.
    """
    if len(body) > MAX_BODY_BYTES:
        raise body_too_large()
    content = _parse_json(body)
    if not isinstance(content, dict) or set(content) != {"input"}:
        raise _unusable('the body must be a JSON object with the one key "input"')
    numbers = content["input"]
    if not isinstance(numbers, list):
        raise _unusable('"input" must be a list of numbers')
    if len(numbers) != expected_values:
        raise _unusable(f'"input" has {len(numbers)} values; this model takes {expected_values}')
    return InferenceInput(values=tuple(_finite_numbers(numbers)), committed=tuple(numbers))


def body_too_large() -> RequestRefusedError:
    """The refusal of a body above `MAX_BODY_BYTES`."""
    return RequestRefusedError(413, "body_too_large", f"the body is larger than {MAX_BODY_BYTES} bytes")


def _finite_numbers(numbers: Sequence[object]) -> list[float]:
    values = []
    for index, number in enumerate(numbers):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _unusable(f'"input" must hold numbers; value {index} is {json.dumps(number)[:40]}')
        if not _fits_float32(number):
            raise _unusable(f'value {index} of "input" is not a finite 32-bit float')
        values.append(float(number))
    return values


def _fits_float32(number: int | float) -> bool:
    try:
        return math.isfinite(struct.unpack("<f", struct.pack("<f", float(number)))[0])
    except OverflowError:
        return False


def _parse_json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise _malformed("nested too deeply") from None
    except UnicodeDecodeError:
        raise _malformed("not UTF-8") from None
    except ValueError as error:
        raise _malformed(str(error)) from None


def _refuse_constant(name: str) -> NoReturn:
    raise _unusable(f"{name} is not a number of JSON; send finite numbers")


def _malformed(problem: str) -> RequestRefusedError:
    return RequestRefusedError(400, "malformed_json", f"the body is not JSON: {problem}")


def _unusable(problem: str) -> RequestRefusedError:
    return RequestRefusedError(422, "unusable_input", problem)
