"""Requests to language models: what is taken, what it can cost, and what is committed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from prover.pricing import TokenPrice
from prover.requests import parse_json
from prover.upstream.card import ModelCard
from prover.upstream.errors import ChatRequestError, MaximumTooLowError
from veritally.chat import NOT_COMMITTED, chat_request_commitment
from veritally.commitments import canonical_json
from veritally.errors import NotCanonicalError

LIMITS: Final = ("max_tokens", "max_completion_tokens")
_TAKEN: Final = NOT_COMMITTED | {
    *LIMITS,
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "messages",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
}
_TEMPLATE_TOKENS: Final = 256
"""That a model's template adds to a request, with room to spare."""
_MESSAGE_TOKENS: Final = 16
"""That it adds to each message."""


@dataclass(frozen=True)
class ChatRequest:
    """A request that was found to be in order."""

    content: Mapping[str, Any]
    """As the client wrote it, without `NOT_COMMITTED`."""
    is_streamed: bool
    shows_usage: bool
    """The client asked for the usage in the stream."""
    max_input_tokens: int
    """No tokenizer makes more of it: one for each byte, and what a template adds."""
    max_output_tokens: int
    """The client's limit, or the model's."""

    def commitment(self, model_id: bytes) -> bytes:
        """The request hash."""
        return chat_request_commitment(model_id, self.content)

    def most_base_units(self, price: TokenPrice) -> int:
        """Most that the request can cost."""
        return price.amount_base_units(self.max_input_tokens, self.max_output_tokens)

    def output_tokens_for(self, price: TokenPrice, maximum_base_units: int) -> int:
        """Tokens of an answer that the payer's maximum pays for, up to the request's own limit.

        Raises:
            MaximumTooLowError: not a single one.
        """
        paid = price.output_tokens_within(maximum_base_units, self.max_input_tokens)
        tokens = self.max_output_tokens if paid is None else min(paid, self.max_output_tokens)
        if tokens < 1:
            raise MaximumTooLowError(maximum_base_units, self.max_input_tokens)
        return tokens


def parse_chat_body(body: bytes, card: ModelCard) -> ChatRequest:
    """Reads the body of `chat/completions` for a model.

    Raises:
        RequestRefusedError: 400 when it is no JSON, 422 when the model does not take it.
    """
    content = parse_json(body)
    if not isinstance(content, dict):
        raise ChatRequestError("the body must be a JSON object")
    unknown = sorted(set(content) - _TAKEN)
    if unknown:
        raise ChatRequestError(f"{', '.join(unknown)} cannot be metered here; leave it out")
    if content.get("model", card.name) != card.name:
        raise ChatRequestError(f"this path is the model {card.name}; write it as model, or leave model out")
    if content.get("n", 1) != 1:
        raise ChatRequestError("n must be 1; send one request for each answer")
    messages = _require_messages(content.get("messages"))
    streamed, options = content.get("stream", False), content.get("stream_options") or {}
    if not isinstance(streamed, bool) or not isinstance(options, dict):
        raise ChatRequestError("stream must be true or false, stream_options an object")
    committed = {key: value for key, value in content.items() if key not in NOT_COMMITTED}
    tokens = _count_bytes(committed) + _TEMPLATE_TOKENS + _MESSAGE_TOKENS * messages
    return ChatRequest(
        content=committed,
        is_streamed=streamed,
        shows_usage=options.get("include_usage") is True,
        max_input_tokens=min(tokens, card.context_tokens),
        max_output_tokens=min(_limit(content, card), card.max_output_tokens),
    )


def _count_bytes(content: Mapping[str, Any]) -> int:
    try:
        return len(canonical_json(dict(content)))
    except NotCanonicalError as error:
        raise ChatRequestError(f"the request has no canonical form ({error})") from None


def _require_messages(messages: object) -> int:
    """Number of messages, all of text: what a picture costs depends on more than its bytes."""
    if not isinstance(messages, list) or not messages:
        raise ChatRequestError("messages must be a list of at least one message")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ChatRequestError(f"message {index} must be an object with a role")
        if not _is_text(message.get("content")):
            raise ChatRequestError(f"the content of message {index} must be text")
    return len(messages)


def _is_text(content: object) -> bool:
    if content is None or isinstance(content, str):
        return True
    return isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
        for part in content
    )


def _limit(content: Mapping[str, Any], card: ModelCard) -> int:
    """The smallest of the client's limits."""
    limits = [content[name] for name in LIMITS if content.get(name) is not None]
    for limit in limits:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ChatRequestError("max_tokens must be an integer from 1 on")
    return min(limits, default=card.max_output_tokens)
