"""Answers requests to a language model: asks its upstream, counts tokens, commits to request and answer."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from prover.door.answers import Answer, Ask, charge
from prover.errors import RequestRefusedError
from prover.jobs.job import Computed, Order
from prover.pricing import TokenPrice
from prover.requests import MAX_BODY_BYTES
from prover.upstream.answer import Assembly, Completion, Usage
from prover.upstream.client import UpstreamClient, read_events, read_whole
from prover.upstream.config import Upstream
from prover.upstream.errors import UpstreamFailedError, UpstreamTimeoutError
from prover.upstream.request import LIMITS, ChatRequest, parse_chat_body
from veritally.tiers import Tier

DONE: Final = "[DONE]"
_MOST_BYTES_OF_A_TOKEN: Final = 8
_MOST_BODY_BYTES: Final = 2**20
_INTERRUPTED: Final = {
    "code": "upstream_interrupted",
    "message": "the model broke off; what came before is charged, and nothing else",
}

_log = logging.getLogger("veritally.prover.upstream")


class ChatHandler:
    """A language model with a price for each of its tiers."""

    operation = "chat/completions"

    def __init__(
        self,
        upstream: Upstream,
        client: UpstreamClient,
        model_id: bytes,
        prices: Mapping[Tier, TokenPrice],
        settle_within_s: float,
    ) -> None:
        """A handler.

        Args:
            upstream: What is served.
            client: Speaks to it.
            model_id: As it was registered.
            prices: Of the tiers that are offered.
            settle_within_s: Seconds from an answer to the sending of its settlement, at most.
        """
        self._upstream = upstream
        self.client = client
        self._model_id = model_id
        self._prices = prices
        self._settle_within_s = settle_within_s

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._upstream.card.name

    @property
    def model_id(self) -> bytes:
        """The registered model."""
        return self._model_id

    @property
    def prices_base_units(self) -> Mapping[Tier, int]:
        """What a request costs at most: one that fills the model's context."""
        card = self._upstream.card
        return {
            tier: price.amount_base_units(card.context_tokens, card.max_output_tokens)
            for tier, price in self._prices.items()
        }

    @property
    def max_body_bytes(self) -> int:
        """Of one request: what fills the model's context, also where each letter is written as an escape."""
        wanted = _MOST_BYTES_OF_A_TOKEN * self._upstream.card.context_tokens
        return min(max(MAX_BODY_BYTES, wanted), _MOST_BODY_BYTES)

    def longest_s(self, tier: Tier) -> float:  # noqa: ARG002
        """Seconds from a payment to the sending of its settlement."""
        return self._upstream.timeout_s + self._settle_within_s

    def ask(self, tier: Tier, body: bytes) -> Ask:
        """Reads the body of a `chat/completions` request.

        Raises:
            RequestRefusedError: the model does not take it.
        """
        request = parse_chat_body(body, self._upstream.card)
        return Ask(request.most_base_units(self._prices[tier]), streamed=request.is_streamed)

    async def run(self, order: Order) -> Answer:
        """Answers an order, within what its payer signed for.

        Raises:
            RequestRefusedError: there is no answer; nothing is charged.
        """
        request = parse_chat_body(order.body, self._upstream.card)
        limit = request.output_tokens_for(self._prices[order.tier], order.max_amount_base_units)
        if order.streamed:
            return self._stream(order, request, limit)
        return await self._complete(order, request, limit)

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` says of it."""
        card = self._upstream.card
        return {
            "name": card.name,
            "version": card.version,
            "description": card.description,
            "model_id": "0x" + self._model_id.hex(),
            "card_sha256": "0x" + card.weights_hash.hex(),
            "upstream_model": card.upstream_model,
            "revision": card.revision,
            "provider": card.provider,
            "context_tokens": card.context_tokens,
            "max_output_tokens": card.max_output_tokens,
            "metering": {tier.label: _price_json(price) for tier, price in self._prices.items()},
        }

    async def _complete(self, order: Order, request: ChatRequest, limit: int) -> Computed:
        try:
            async with (
                asyncio.timeout(self._upstream.timeout_s),
                self.client.ask(self._body(request, limit)) as response,
            ):
                body = await read_whole(response)
        except TimeoutError:
            raise UpstreamTimeoutError(self._upstream.timeout_s) from None
        return self._computed(order, request, limit, Completion.read(body, self.name), pieces=0)

    async def _stream(
        self, order: Order, request: ChatRequest, limit: int
    ) -> AsyncIterator[bytes | Computed]:
        """Passes parts on as they come. An answer that breaks off is charged as far as it came."""
        assembly = Assembly()
        try:
            async with asyncio.timeout(self._upstream.timeout_s):
                async for event, chunk in self._chunks(request, limit):
                    assembly.add(chunk)
                    if assembly.pieces > limit:
                        raise UpstreamFailedError("it went on beyond its limit")
                    if request.shows_usage or chunk.get("choices"):
                        yield _event(event)
                if assembly.finish_reason is None:
                    raise UpstreamFailedError("it ended before its end")
        except (TimeoutError, RequestRefusedError) as error:
            if assembly.pieces == 0:
                raise _as_refusal(error, self._upstream.timeout_s) from None
            _log.warning("an answer of %s broke off after %d parts: %s", self.name, assembly.pieces, error)
            yield _event(json.dumps({"error": _INTERRUPTED}))
        yield _event(DONE)
        completion = assembly.completion(self.name)
        yield self._computed(order, request, limit, completion, pieces=assembly.pieces)

    async def _chunks(self, request: ChatRequest, limit: int) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Each part of an answer, as text and as JSON, until the upstream says that it is done."""
        async with self.client.ask(self._body(request, limit)) as response:
            async for event in read_events(response):
                if event == DONE:
                    return
                yield event, _read_chunk(event)

    def _body(self, request: ChatRequest, limit: int) -> dict[str, Any]:
        body = {name: value for name, value in request.content.items() if name not in LIMITS}
        body |= {"model": self._upstream.card.upstream_model, self._upstream.limit_field: limit}
        if request.is_streamed:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def _computed(
        self, order: Order, request: ChatRequest, limit: int, completion: Completion, pieces: int
    ) -> Computed:
        used = self._metered(request, limit, completion.usage, pieces)
        metered = self._prices[order.tier].amount_base_units(used.input_tokens, used.output_tokens)
        return Computed(
            amount_base_units=charge(order, metered),
            request_hash=request.commitment(self._model_id),
            response_hash=completion.response_hash,
            served_at_s=int(time.time()),
            response=json.dumps(completion.content).encode(),
        )

    def _metered(self, request: ChatRequest, limit: int, usage: Usage | None, pieces: int) -> Usage:
        """What is charged: what the upstream counted, within the limits, or else the parts that came."""
        if usage is None:
            _log.warning("the upstream of %s tells no usage: its input is not charged", self.name)
            return Usage(0, min(pieces, limit))
        if usage.input_tokens > request.max_input_tokens or usage.output_tokens > limit:
            _log.warning("the upstream of %s counts more tokens than there can be", self.name)
        return Usage(min(usage.input_tokens, request.max_input_tokens), min(usage.output_tokens, limit))


def _event(data: str) -> bytes:
    return "".join(f"data: {line}\n" for line in data.split("\n")).encode() + b"\n"


def _read_chunk(event: str) -> dict[str, Any]:
    try:
        chunk = json.loads(event)
    except (ValueError, RecursionError):
        raise UpstreamFailedError("a part of it is not JSON") from None
    if not isinstance(chunk, dict) or "error" in chunk:
        raise UpstreamFailedError("a part of it is an error")
    return chunk


def _as_refusal(error: TimeoutError | RequestRefusedError, timeout_s: float) -> RequestRefusedError:
    return error if isinstance(error, RequestRefusedError) else UpstreamTimeoutError(timeout_s)


def _price_json(price: TokenPrice) -> dict[str, str]:
    return {
        "request": str(price.request_base_units),
        "input_per_million_tokens": str(price.input_base_units_per_million),
        "output_per_million_tokens": str(price.output_base_units_per_million),
    }
