"""What a client may ask for, checked before any payment is asked for or taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn

from starlette.types import Receive

from prover.errors import InputError, RequestRefusedError
from prover.zkml.package import ModelPackage, require_in_range, require_inputs

MAX_BODY_BYTES = 65_536


@dataclass(frozen=True)
class InferenceInput:
    """The input of one inference."""

    values: tuple[float, ...]
    """The numbers in the order that the model takes them."""
    committed: tuple[int | float, ...]
    """The same numbers as the client wrote them: integers without a point stay integers in the commitment."""


async def read_body(receive: Receive) -> bytes:
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
        if len(body) > MAX_BODY_BYTES:
            raise RequestRefusedError(
                413, "body_too_large", f"the body is larger than {MAX_BODY_BYTES} bytes"
            )
        if not message.get("more_body", False):
            return bytes(body)


def parse_inference_body(body: bytes, package: ModelPackage) -> InferenceInput:
    """Reads `{"input": [number, ...]}` for a model.

    Raises:
        RequestRefusedError: 400 when it is no JSON, 422 when it is no such input.
    """
    content = _parse_json(body)
    if not isinstance(content, dict) or set(content) != {"input"}:
        raise _unusable('the body must be a JSON object with the one key "input"')
    numbers = content["input"]
    if not isinstance(numbers, list):
        raise _unusable('"input" must be a list of numbers')
    try:
        values = require_inputs(numbers, package.input_size)
        require_in_range(values, *package.input_range)
    except InputError as error:
        raise _unusable(str(error)) from None
    return InferenceInput(values=values, committed=tuple(numbers))


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
