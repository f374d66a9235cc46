from __future__ import annotations

import dataclasses
import json

import pytest
from starlette.types import Message, Receive

from prover.errors import RequestRefusedError
from prover.requests import MAX_BODY_BYTES, parse_inference_body, read_body, require_single
from prover.settings import MODELS_DIRECTORY
from prover.zkml.package import ModelPackage
from veritally.tiers import Tier


def taking(inputs: int) -> ModelPackage:
    """A model that takes so many values, from -3 to 10."""
    iris = ModelPackage.load(MODELS_DIRECTORY / "iris")
    return dataclasses.replace(iris, input_shape=(1, inputs), input_range=(-3, 10))


def test_numbers_are_taken_as_written() -> None:
    parsed = parse_inference_body(b' {"input": [1, 2.50, -3e0, 0]} ', taking(4))
    assert parsed.rows == ((1.0, 2.5, -3.0, 0.0),)
    assert not parsed.is_batch
    assert json.dumps(parsed.committed) == "[1, 2.5, -3.0, 0]"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b'{"input": [1,]}', 400, "not JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[" * 30_000, 400, "nested too deeply"),
        (b'{"input": [' + b"9" * 5000 + b"]}", 400, "not JSON"),
        (b"[1, 2]", 422, '"input"'),
        (b"null", 422, '"input"'),
        (b"{}", 422, '"input"'),
        (b'{"input": [1, 2], "tier": "zkml"}', 422, '"input"'),
        (b'{"input": "12"}', 422, "list of numbers"),
        (b'{"input": {"0": 1, "1": 2}}', 422, "list of numbers"),
        (b'{"input": []}', 422, "takes 2 input values, got 0"),
        (b'{"input": [1, 2, 3]}', 422, "takes 2 input values, got 3"),
        (b'{"input": [[1, 2]]}', 422, "takes 2 input values, got 1"),
        (b'{"input": [[1], [2]]}', 422, "input value 0 is [1]"),
        (b'{"input": [1, "2"]}', 422, "input value 1 is '2'"),
        (b'{"input": [1, null]}', 422, "input value 1 is None"),
        (b'{"input": [true, 2]}', 422, "input value 0 is True"),
        (b'{"input": [1, NaN]}', 422, "NaN"),
        (b'{"input": [1, Infinity]}', 422, "Infinity"),
        (b'{"input": [-Infinity, 1]}', 422, "-Infinity"),
        (b'{"input": [1, 1e400]}', 422, "finite"),
        (b'{"input": [1, 10.0001]}', 422, "input value 1 is 10.0001; the model takes values from -3 to 10"),
        (b'{"input": [-4, 1]}', 422, "input value 0 is -4; the model takes values from -3 to 10"),
        (b'{"input": [1, 1e39]}', 422, "finite"),
        (b'{"input": [1, ' + b"9" * 400 + b"]}", 422, "finite"),
    ],
)
def test_unusable_bodies_are_refused_with_a_reason(body: bytes, status: int, message: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        parse_inference_body(body, taking(2))
    assert caught.value.status == status
    assert message in caught.value.message


def receiving(*messages: Message) -> Receive:
    """A server that has these messages and then must not be asked again."""
    remaining = iter(messages)

    async def receive() -> Message:
        return next(remaining)

    return receive


def part(body: bytes, *, last: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": not last}


async def test_a_body_up_to_the_limit_is_read_in_parts() -> None:
    half = b"x" * (MAX_BODY_BYTES // 2)
    assert (
        await read_body(receiving(part(half, last=False), part(half, last=True)), MAX_BODY_BYTES) == half * 2
    )


async def test_a_body_above_the_limit_is_not_read_to_its_end() -> None:
    with pytest.raises(RequestRefusedError) as caught:
        await read_body(
            receiving(part(b"x" * MAX_BODY_BYTES, last=False), part(b"x", last=False)), MAX_BODY_BYTES
        )
    assert caught.value.status == 413


async def test_a_client_that_goes_away_is_not_waited_for() -> None:
    with pytest.raises(RequestRefusedError) as caught:
        await read_body(receiving(part(b"{", last=False), {"type": "http.disconnect"}), MAX_BODY_BYTES)
    assert caught.value.status == 400


def batch_of(rows: int) -> ModelPackage:
    return dataclasses.replace(taking(2), max_rows=rows)


def test_rows_are_taken_where_the_package_allows_them() -> None:
    parsed = parse_inference_body(b'{"input": [[1, 2], [3.0, 4]]}', batch_of(2))
    assert parsed.rows == ((1.0, 2.0), (3.0, 4.0))
    assert json.dumps(parsed.committed) == "[[1, 2], [3.0, 4]]"
    assert parsed.is_batch
    assert parse_inference_body(b'{"input": [[1, 2]]}', batch_of(2)).is_batch
    assert not parse_inference_body(b'{"input": [1, 2]}', batch_of(2)).is_batch


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"input": [[1, 2], [3, 4], [5, 6]]}', "3 rows; iris takes up to 2 in one request"),
        (b'{"input": [[1, 2], [3]]}', "takes 2 input values, got 1"),
        (b'{"input": [[1, 2], [3, 11]]}', "from -3 to 10"),
        (b'{"input": [[1, 2], 3]}', "input value 0 is [1, 2]"),
        (b'{"input": []}', "takes 2 input values, got 0"),
        (b'{"input": [[]]}', "takes 2 input values, got 0"),
        (b'{"input": [[[1, 2]]]}', "takes 2 input values, got 1"),
    ],
)
def test_unusable_rows_are_refused(body: bytes, message: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        parse_inference_body(body, batch_of(2))
    assert caught.value.status == 422
    assert message in caught.value.message


def test_rows_have_no_proof() -> None:
    rows = parse_inference_body(b'{"input": [[1, 2]]}', batch_of(2))
    require_single(rows, Tier.SIGNED)
    require_single(parse_inference_body(b'{"input": [1, 2]}', batch_of(2)), Tier.ZKML)
    with pytest.raises(RequestRefusedError, match="one request is one inference"):
        require_single(rows, Tier.ZKML)
