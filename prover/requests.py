"""What a client may ask for, checked before any payment is asked for or taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.types import Receive

from prover.errors import InputError, RequestRefusedError
from prover.zkml.package import ModelPackage, require_in_range, require_inputs
from veritally.tiers import Tier

MAX_BODY_BYTES = 65_536
"""That every model takes; one with long inputs takes more."""


@dataclass(frozen=True)
class InferenceInput:
    """The input of one request."""

    rows: tuple[tuple[float, ...], ...]
    """Of each inference, the numbers in the order that the model takes them."""
    committed: list[Any]
    """The same as the client wrote it: integers without a point stay integers in the commitment."""

    @property
    def is_batch(self) -> bool:
        """Whether the client sent a list of rows, and so gets one, also for a single row."""
        return isinstance(self.committed[0], list)


async def read_body(receive: Receive, most_bytes: int) -> bytes:
    """The whole body of an ASGI request, which is given up as soon as it is too large.

    Raises:
        RequestRefusedError: 413 when it is too large, 400 when the client went away.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefusedError(400, "incomplete_body", "the connection ended before the body")
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise RequestRefusedError(413, "body_too_large", f"the body is larger than {most_bytes} bytes")
        if not message.get("more_body", False):
            return bytes(body)


def parse_inference_body(body: bytes, package: ModelPackage) -> InferenceInput:
    """Reads `{"input": [number, ...]}`, or a list of such rows where the model's package allows it.

    Raises:
        RequestRefusedError: 400 when it is no JSON, 422 when it is no such input.
    """
    content = parse_json(body)
    if not isinstance(content, dict) or set(content) != {"input"}:
        raise unusable('the body must be a JSON object with the one key "input"')
    numbers = content["input"]
    if not isinstance(numbers, list):
        raise unusable('"input" must be a list of numbers')
    if package.max_rows == 1 or not (numbers and all(isinstance(item, list) for item in numbers)):
        return InferenceInput((_read_row(numbers, package),), numbers)
    if len(numbers) > package.max_rows:
        raise unusable(f"{len(numbers)} rows; {package.name} takes up to {package.max_rows} in one request")
    return InferenceInput(tuple(_read_row(row, package) for row in numbers), numbers)


def require_single(request: InferenceInput, tier: Tier) -> None:
    """Refuses rows at the tier ZKML: there, each inference has a proof of its own.

    Raises:
        RequestRefusedError: 422.
    """
    if tier is Tier.ZKML and request.is_batch:
        raise unusable("at the tier zkml one request is one inference; send a list of numbers")


def _read_row(numbers: list[Any], package: ModelPackage) -> tuple[float, ...]:
    try:
        values = require_inputs(numbers, package.input_size)
        require_in_range(values, *package.input_range)
    except InputError as error:
        raise unusable(str(error)) from None
    return values


def parse_json(body: bytes) -> object:
    """A body as JSON.

    Raises:
        RequestRefusedError: 400 when it is none, 422 for NaN and infinity.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise _malformed("nested too deeply") from None
    except UnicodeDecodeError:
        raise _malformed("not UTF-8") from None
    except ValueError as error:
        raise _malformed(str(error)) from None


def _refuse_constant(name: str) -> NoReturn:
    raise unusable(f"{name} is not a number of JSON; send finite numbers")


def _malformed(problem: str) -> RequestRefusedError:
    return RequestRefusedError(400, "malformed_json", f"the body is not JSON: {problem}")


def unusable(problem: str) -> RequestRefusedError:
    """A request that does not fit the model."""
    return RequestRefusedError(422, "unusable_input", problem)
