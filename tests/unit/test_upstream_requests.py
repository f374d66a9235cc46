"""What language models are asked, what it may cost, and what is committed to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prover.errors import RequestRefusedError
from prover.upstream.card import ModelCard
from prover.upstream.request import ChatRequest, parse_chat_body
from veritally.commitments import json_commitment

CARD = ModelCard(
    name="chatty",
    version="1",
    description="talks",
    upstream_model="inner/model-7b",
    revision="abc",
    provider="this test",
    context_tokens=4096,
    max_output_tokens=64,
    weights_hash=bytes(32),
)
MESSAGES = [{"role": "user", "content": "hi"}]


def parse(**content: Any) -> ChatRequest:
    return parse_chat_body(json.dumps({"messages": MESSAGES, **content}).encode(), CARD)


def test_how_an_answer_travels_is_not_committed_to() -> None:
    plain = parse(temperature=0)
    streamed = parse(
        temperature=0, stream=True, stream_options={"include_usage": True}, user="me", model="chatty"
    )
    assert plain.commitment(bytes(32)) == streamed.commitment(bytes(32))
    assert plain.commitment(bytes(32)) == json_commitment(
        {"model": "0x" + "00" * 32, "request": {"messages": MESSAGES, "temperature": 0}}
    )
    assert (plain.is_streamed, plain.shows_usage) == (False, False)
    assert (streamed.is_streamed, streamed.shows_usage) == (True, True)
    assert plain.commitment(bytes(32)) != parse(temperature=1).commitment(bytes(32))


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ({}, 64),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_tokens": 7, "max_completion_tokens": 6}, 6),
        ({"max_tokens": None}, 64),
        ({"max_tokens": 10**9}, 64),
    ],
)
def test_the_smallest_limit_counts(content: dict[str, Any], tokens: int) -> None:
    assert parse(**content).max_output_tokens == tokens


def test_input_is_bounded_by_its_bytes() -> None:
    text = "日本語のテキスト" * 20
    request = parse(messages=[{"role": "user", "content": text}])
    assert request.max_input_tokens >= len(text.encode())
    assert request.max_input_tokens > parse().max_input_tokens
    assert parse(messages=[{"role": "user", "content": "x" * 10_000}]).max_input_tokens == 4096
    tools = [{"type": "function", "function": {"name": "look", "description": "x" * 500}}]
    assert parse(tools=tools).max_input_tokens > parse().max_input_tokens + 500


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"messages": []}, "at least one message"),
        ({"messages": "hi"}, "at least one message"),
        ({"messages": ["hi"]}, "message 0 must be an object with a role"),
        ({"messages": [{"content": "hi"}]}, "message 0 must be an object with a role"),
        ({"messages": [*MESSAGES, {"role": "user", "content": 5}]}, "content of message 1 must be text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "must be text",
        ),
        ({"n": 2}, "n must be 1"),
        ({"best_of": 2}, "best_of cannot be metered"),
        ({"web_search_options": {}}, "leave it out"),
        ({"model": "gpt-9"}, "this path is the model chatty"),
        ({"max_tokens": 0}, "from 1 on"),
        ({"max_tokens": "5"}, "from 1 on"),
        ({"max_tokens": True}, "from 1 on"),
        ({"max_completion_tokens": 1.5}, "from 1 on"),
        ({"stream": "yes"}, "true or false"),
        ({"stream_options": 5}, "an object"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "no canonical form"),
    ],
)
def test_requests_that_cannot_be_metered_are_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        parse(**content)
    assert caught.value.status == 422
    assert message in caught.value.message


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 422), (b"\xff", 400), (b"NaN", 422)])
def test_what_is_no_object_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        parse_chat_body(body, CARD)
    assert caught.value.status == status
