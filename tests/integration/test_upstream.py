"""Language models behind a real HTTP server that answers well, badly or not at all."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response
from upstreams import (
    WORDS,
    UpstreamServer,
    breaking,
    chunk,
    completion,
    events,
    run_upstream,
    spoken,
    streaming,
)

from prover.errors import RequestRefusedError
from prover.jobs.job import Computed, Order
from prover.pricing import TokenPrice
from prover.upstream.card import ModelCard
from prover.upstream.client import MOST_BYTES, UpstreamClient
from prover.upstream.config import Upstream
from prover.upstream.errors import (
    MaximumTooLowError,
    UpstreamBusyError,
    UpstreamFailedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
)
from prover.upstream.handler import ChatHandler
from veritally.commitments import json_commitment
from veritally.payments import ExactPayment, SignedPayment, UptoPayment
from veritally.receipts import ZERO_ADDRESS
from veritally.tiers import Tier

KEY = "sk-secret-of-the-operator"
MODEL_ID = bytes(31) + b"\x07"
PRICE = TokenPrice(100, 1_000_000, 3_000_000)
"""Base units: 100 for a request, 1 for a token of input, 3 for one of output."""
MESSAGES = [{"role": "user", "content": "What colour is the sky?"}]
SKY = "The sky is blue."


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    with run_upstream() as played:
        yield played


def upstream_of(server: UpstreamServer) -> Upstream:
    card = ModelCard(
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
    return Upstream(
        card=card,
        url=server.url,
        api_key=SecretStr(KEY),
        prices={Tier.SIGNED: PRICE},
        limit_field="max_tokens",
        silence_timeout_s=2.0,
        timeout_s=5.0,
        max_parallel_requests=4,
    )


@pytest.fixture
async def handler(server: UpstreamServer) -> AsyncIterator[ChatHandler]:
    upstream = upstream_of(server)
    client = UpstreamClient(upstream)
    yield ChatHandler(upstream, client, MODEL_ID, upstream.offered(has_enclave=False), 10.0)
    await client.close()


def body(**changes: Any) -> bytes:
    return json.dumps({"messages": MESSAGES, **changes}).encode()


def upto(maximum: int) -> SignedPayment:
    return UptoPayment(maximum, 1, 2**40, 0, bytes(65))


def order(handler: ChatHandler, content: bytes, **changes: Any) -> Order:
    ask = handler.ask(Tier.SIGNED, content)
    made = Order(
        payment_key="upto:1",
        resource="/v1/signed/models/chatty/chat/completions",
        body=content,
        model="chatty",
        model_id=MODEL_ID,
        tier=Tier.SIGNED,
        asset=ZERO_ADDRESS,
        payer=ZERO_ADDRESS,
        payment=upto(ask.max_amount_base_units),
        max_amount_base_units=ask.max_amount_base_units,
        deadline_s=0,
        streamed=ask.streamed,
    )
    return dataclasses.replace(made, **changes)


async def ask(handler: ChatHandler, **changes: Any) -> Computed:
    answer = await handler.run(order(handler, body(**changes)))
    assert isinstance(answer, Computed)
    return answer


async def listen(handler: ChatHandler, **changes: Any) -> tuple[list[str], Computed]:
    """The data of all events, and what was charged for them."""
    answer = await handler.run(order(handler, body(stream=True, **changes)))
    assert not isinstance(answer, Computed)
    parts = [item async for item in answer]
    *sent, computed = parts
    assert isinstance(computed, Computed)
    data = []
    for part in sent:
        assert isinstance(part, bytes)
        assert part.startswith(b"data: ")
        assert part.endswith(b"\n\n")
        data.append(part.decode()[6:-2])
    return data, computed


def text_of(data: list[str]) -> str:
    """As a client puts it together."""
    chunks = [json.loads(item) for item in data if item != "[DONE]"]
    return "".join(
        choice["delta"].get("content") or "" for item in chunks for choice in item.get("choices", [])
    )


def answer_hash(text: str, finish_reason: str | None = "stop") -> bytes:
    """As docs/llm.md says."""
    content = {"content": text, "finish_reason": finish_reason, "refusal": "", "tool_calls": []}
    return json_commitment(content)


async def test_an_answer_is_metered_and_committed_to(handler: ChatHandler, server: UpstreamServer) -> None:
    computed = await ask(handler, temperature=0.5, user="me", model="chatty")
    assert computed.amount_base_units == 100 + 21 + 3 * 5
    assert computed.request_hash == json_commitment(
        {"model": "0x" + MODEL_ID.hex(), "request": {"messages": MESSAGES, "temperature": 0.5}}
    )
    assert computed.response_hash == answer_hash(SKY)
    shown = json.loads(computed.response)
    assert shown == completion(model="chatty")
    (asked,) = server.asked
    assert asked == {
        "messages": MESSAGES,
        "temperature": 0.5,
        "model": "inner/model-7b",
        "max_tokens": 64,
    }
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_a_stream_is_passed_on_as_it_comes(handler: ChatHandler, server: UpstreamServer) -> None:
    server.answer = lambda _: streaming(spoken(), pause_s=0.05)
    answer = await handler.run(order(handler, body(stream=True)))
    assert not isinstance(answer, Computed)
    loop = asyncio.get_running_loop()
    arrived = [(loop.time(), item) async for item in answer]
    assert arrived[5][0] - arrived[0][0] > 0.15
    data, computed = await listen(handler)
    assert text_of(data) == SKY
    assert data[-1] == "[DONE]"
    assert not any("usage" in item for item in data)
    assert computed.amount_base_units == 100 + 21 + 3 * 5
    assert computed.response_hash == answer_hash(text_of(data))
    assert server.asked[-1]["stream_options"] == {"include_usage": True}
    shown = json.loads(computed.response)
    assert shown["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": SKY}, "finish_reason": "stop"}
    ]
    assert shown["usage"]["total_tokens"] == 26
    assert (shown["object"], shown["model"], shown["id"]) == ("chat.completion", "chatty", "chatcmpl-1")


async def test_the_usage_is_shown_to_who_asks_for_it(handler: ChatHandler, server: UpstreamServer) -> None:
    data, _ = await listen(handler, stream_options={"include_usage": True})
    assert json.loads(data[-2])["usage"]["completion_tokens"] == 5


async def test_both_ways_have_the_same_commitments(handler: ChatHandler) -> None:
    at_once = await ask(handler)
    _, in_parts = await listen(handler)
    assert at_once.request_hash == in_parts.request_hash
    assert at_once.response_hash == in_parts.response_hash


async def test_calls_of_tools_are_put_together(handler: ChatHandler, server: UpstreamServer) -> None:
    def call(index: int, **part: Any) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": index, **part}]})

    server.answer = lambda _: streaming(
        events(
            call(0, id="call_1", type="function", function={"name": "look", "arguments": ""}),
            call(0, function={"arguments": '{"at":'}),
            call(1, id="call_2", type="function", function={"name": "wait", "arguments": "{}"}),
            call(0, function={"arguments": ' "sky"}'}),
            chunk({}, "tool_calls"),
            chunk({}, choices=[], usage={"prompt_tokens": 9, "completion_tokens": 12}),
            "[DONE]",
        )
    )
    _, streamed = await listen(handler, tools=[{"type": "function", "function": {"name": "look"}}])
    message = json.loads(streamed.response)["choices"][0]["message"]
    assert [item["function"] for item in message["tool_calls"]] == [
        {"name": "look", "arguments": '{"at": "sky"}'},
        {"name": "wait", "arguments": "{}"},
    ]
    server.answer = lambda _: JSONResponse(
        completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    )
    assert (await ask(handler)).response_hash == streamed.response_hash
    assert streamed.response_hash != answer_hash("", "tool_calls")


async def test_the_limit_is_what_the_payer_signed_for(handler: ChatHandler, server: UpstreamServer) -> None:
    content = body(max_tokens=50)
    most = handler.ask(Tier.SIGNED, content).max_amount_base_units
    await handler.run(order(handler, content))
    assert server.asked[-1]["max_tokens"] == 50
    await handler.run(order(handler, content, max_amount_base_units=most - 3 * 40))
    assert server.asked[-1]["max_tokens"] == 10
    with pytest.raises(MaximumTooLowError, match="sign for the amount of the offer"):
        await handler.run(order(handler, content, max_amount_base_units=most - 3 * 50))
    assert len(server.asked) == 2


@pytest.mark.parametrize(("input_tokens", "output_tokens"), [(10**9, 10**9), (10**9, 0), (0, 10**9)])
async def test_no_usage_is_charged_beyond_what_there_can_be(
    handler: ChatHandler, server: UpstreamServer, input_tokens: int, output_tokens: int
) -> None:
    usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
    server.answer = lambda asked: (
        streaming(spoken(usage)) if asked.get("stream") else JSONResponse(completion(usage=usage))
    )
    most = handler.ask(Tier.SIGNED, body()).max_amount_base_units
    expected = 100 + (most - 100 - 3 * 64 if input_tokens else 0) + (3 * 64 if output_tokens else 0)
    assert (await ask(handler)).amount_base_units == expected
    assert (await listen(handler))[1].amount_base_units == expected


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {},
        {"prompt_tokens": 21},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 2.5, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
    ],
)
async def test_what_is_not_counted_is_not_charged(
    handler: ChatHandler, server: UpstreamServer, usage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda asked: (
        streaming(spoken(usage)) if asked.get("stream") else JSONResponse(completion(usage=usage))
    )
    assert (await ask(handler)).amount_base_units == 100
    assert (await listen(handler))[1].amount_base_units == 100 + 3 * len(WORDS)
    assert "tells no usage" in caplog.text


async def test_exact_collects_what_was_signed(handler: ChatHandler) -> None:
    content = body()
    most = handler.ask(Tier.SIGNED, content).max_amount_base_units
    exact = ExactPayment(0, 2**40, bytes(32), bytes(65))
    computed = await handler.run(order(handler, content, payment=exact))
    assert isinstance(computed, Computed)
    assert computed.amount_base_units == most


HALF = events(*(chunk({"content": word}) for word in WORDS[:3]))


@pytest.mark.parametrize(
    "rest",
    [
        [],
        events("[DONE]"),
        [b": the end"],
        events("{not json"),
        events('"text"'),
        events({"error": {"message": "out of memory"}}),
        events(chunk({"content": 7})),
        [b"data: \xff\xfe\n\n"],
    ],
)
async def test_half_a_stream_is_charged_as_far_as_it_came(
    handler: ChatHandler, server: UpstreamServer, rest: list[bytes]
) -> None:
    server.answer = lambda _: breaking(HALF + rest) if not rest else streaming(HALF + rest)
    data, computed = await listen(handler)
    assert computed.amount_base_units == 100 + 3 * 3
    assert json.loads(data[-2])["error"]["code"] == "upstream_interrupted"
    assert data[-1] == "[DONE]"
    assert text_of(data[:-2]) == "The sky is"
    assert computed.response_hash == answer_hash("The sky is", None)
    assert json.loads(computed.response)["choices"][0]["finish_reason"] is None


async def test_a_stream_that_never_begins_is_not_charged(
    handler: ChatHandler, server: UpstreamServer
) -> None:
    for parts in ([], events("[oops"), events(chunk({"role": "assistant"}))):
        server.answer = lambda _, parts=parts: breaking(parts)  # type: ignore[misc]
        with pytest.raises(UpstreamFailedError):
            await listen(handler)


async def test_a_stream_beyond_its_limit_is_cut_off(handler: ChatHandler, server: UpstreamServer) -> None:
    server.answer = lambda _: streaming(events(*(chunk({"content": "x"}) for _ in range(500)), "[DONE]"))
    data, computed = await listen(handler, max_tokens=10)
    assert text_of(data[:-2]) == "x" * 10
    assert computed.amount_base_units == 100 + 3 * 10


async def test_an_upstream_that_says_nothing_is_given_up(
    handler: ChatHandler, server: UpstreamServer
) -> None:
    server.answer = lambda _: streaming([b": wait\n\n"] * 2 + HALF, pause_s=3.0)
    with pytest.raises(UpstreamTimeoutError, match="nothing for 2 s"):
        await listen(handler)
    with pytest.raises(UpstreamTimeoutError):
        await ask(handler)


async def test_an_answer_that_takes_too_long_is_cut_off(handler: ChatHandler, server: UpstreamServer) -> None:
    server.answer = lambda _: streaming(events(*(chunk({"content": "x"}) for _ in range(40))), pause_s=0.5)
    data, computed = await listen(handler)
    assert 8 <= len(text_of(data[:-2])) <= 11
    assert computed.amount_base_units == 100 + 3 * len(text_of(data[:-2]))


@pytest.mark.parametrize(
    ("response", "error", "said"),
    [
        (
            JSONResponse({"error": {"message": "max_tokens is too large"}}, 400),
            UpstreamRefusedError,
            "too large",
        ),
        (JSONResponse({"error": f"{KEY} cannot see this"}, 422), UpstreamRefusedError, r"\[key\] cannot"),
        (JSONResponse(["?"], 400), UpstreamRefusedError, "refused"),
        (JSONResponse({"error": {"message": f"bad key {KEY}"}}, 401), UpstreamFailedError, "status 401"),
        (JSONResponse({}, 404), UpstreamFailedError, "status 404"),
        (Response("<html>", 500), UpstreamFailedError, "status 500"),
        (Response(status_code=302, headers={"Location": "http://127.0.0.1:9"}), UpstreamFailedError, "302"),
        (JSONResponse({}, 429), UpstreamBusyError, "busy"),
        (Response("<html>hello</html>"), UpstreamFailedError, "no chat completion"),
        (Response(b"[" * 100_000), UpstreamFailedError, "no chat completion"),
        (JSONResponse({"choices": []}), UpstreamFailedError, "no chat completion"),
        (JSONResponse(completion(choices=[{"message": {"content": 5}}])), UpstreamFailedError, "no chat"),
        (JSONResponse(completion(choices=completion()["choices"] * 2)), UpstreamFailedError, "no chat"),
        (
            JSONResponse(completion(choices=[{"message": {"content": "x"}, "finish_reason": 5}])),
            UpstreamFailedError,
            "no chat",
        ),
        (Response(b"x" * (MOST_BYTES + 1)), UpstreamFailedError, "larger than"),
    ],
)
async def test_other_answers_are_refused_and_nothing_is_charged(
    handler: ChatHandler,
    server: UpstreamServer,
    response: Response,
    error: type[RequestRefusedError],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answer = lambda _: response
    with pytest.raises(error, match=said) as caught:
        await ask(handler)
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text
    assert caught.value.status in (422, 502, 503)


async def test_a_huge_stream_is_cut_off(handler: ChatHandler, server: UpstreamServer) -> None:
    long = events(chunk({"content": "x" * 2**20}))
    server.answer = lambda _: streaming(long * 20)
    data, computed = await listen(handler)
    assert sum(map(len, data)) <= MOST_BYTES + 2**20
    assert json.loads(data[-2])["error"]["code"] == "upstream_interrupted"
    assert computed.amount_base_units <= 100 + 3 * 16


async def test_no_more_is_asked_at_once_than_allowed(handler: ChatHandler, server: UpstreamServer) -> None:
    server.answer = lambda _: streaming(spoken(), pause_s=0.1)
    listening = [asyncio.create_task(listen(handler)) for _ in range(4)]
    while len(server.asked) < 4:
        await asyncio.sleep(0.01)
    with pytest.raises(UpstreamBusyError):
        await ask(handler)
    await asyncio.gather(*listening)
    assert (await listen(handler))[1].amount_base_units == 136


async def test_an_upstream_that_is_gone_is_told(server: UpstreamServer) -> None:
    upstream = dataclasses.replace(upstream_of(server), url="http://127.0.0.1:9/v1")
    client = UpstreamClient(upstream)
    handler = ChatHandler(upstream, client, MODEL_ID, upstream.prices, 10.0)
    with pytest.raises(UpstreamFailedError, match="ConnectError"):
        await ask(handler)
    await client.close()


async def test_events_may_be_cut_anywhere(handler: ChatHandler, server: UpstreamServer) -> None:
    whole = b": hello\n\n" + b"".join(spoken()).replace(b"\n", b"\r\n")
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    server.answer = lambda _: streaming(pieces)
    data, computed = await listen(handler)
    assert text_of(data) == SKY
    assert computed.amount_base_units == 136


def test_what_is_served_is_told(server: UpstreamServer) -> None:
    upstream = upstream_of(server)
    handler = ChatHandler(upstream, UpstreamClient(upstream), MODEL_ID, upstream.prices, 10.0)
    assert handler.prices_base_units == {Tier.SIGNED: 100 + 4096 + 3 * 64}
    assert handler.longest_s(Tier.SIGNED) == 15.0
    told = handler.to_json()
    assert told["metering"]["signed"]["output_per_million_tokens"] == "3000000"
    assert server.url not in json.dumps(told)


@pytest.mark.parametrize(
    ("context_tokens", "most_bytes"), [(4_096, 65_536), (100_000, 800_000), (2_000_000, 1_048_576)]
)
def test_a_request_may_fill_the_context(server: UpstreamServer, context_tokens: int, most_bytes: int) -> None:
    upstream = upstream_of(server)
    card = dataclasses.replace(upstream.card, context_tokens=context_tokens)
    long = dataclasses.replace(upstream, card=card)
    handler = ChatHandler(long, UpstreamClient(long), MODEL_ID, long.prices, 10.0)
    assert handler.max_body_bytes == most_bytes


async def test_halves_of_a_character_are_joined(handler: ChatHandler, server: UpstreamServer) -> None:
    halves = [chunk({"content": half}) for half in ("\ud83d", "\ude00", " \ud800")]
    server.answer = lambda _: streaming(events(*halves, chunk({}, "stop"), "[DONE]"))
    _, streamed = await listen(handler)
    assert streamed.response_hash == answer_hash("\U0001f600 \ufffd")
    message = {"role": "assistant", "content": "\U0001f600 \ud800"}
    server.answer = lambda _: Response(
        json.dumps(completion(choices=[{"message": message, "finish_reason": "stop"}]))
    )
    assert (await ask(handler)).response_hash == streamed.response_hash
