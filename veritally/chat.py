"""Commitments to requests to language models and to their answers, for provers and for their clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veritally.commitments import json_commitment

NOT_COMMITTED: Final = frozenset({"model", "stream", "stream_options", "user"})
"""Say how an answer travels or who asks, and not what is asked."""


def chat_request_commitment(model_id: bytes, body: Mapping[str, Any]) -> bytes:
    """Request hash: keccak256 of the canonical JSON `{"model": "0x…", "request": {…}}`.

    Args:
        model_id: The registered model, 32 bytes.
        body: What was sent to `chat/completions`; `NOT_COMMITTED` is left out of it here.

    Raises:
        NotCanonicalError: the body is not JSON.
    """
    request = {key: value for key, value in body.items() if key not in NOT_COMMITTED}
    return json_commitment({"model": "0x" + model_id.hex(), "request": request})


def chat_response_commitment(message: Mapping[str, Any], finish_reason: str | None) -> bytes:
    """Response hash: keccak256 of the canonical JSON of the text, the calls of tools and how it all ended.

    Args:
        message: That of the answer. Who got it in parts puts the texts of all parts together, and the
            arguments of each call.
        finish_reason: As in the answer; None when it broke off.

    Raises:
        NotCanonicalError: the message is not JSON.
    """
    calls = [
        {
            "arguments": _well_formed(call["function"]["arguments"]),
            "id": _well_formed(call["id"]),
            "name": _well_formed(call["function"]["name"]),
        }
        for call in message.get("tool_calls") or []
    ]
    content = {
        "content": _well_formed(message.get("content") or ""),
        "finish_reason": finish_reason,
        "refusal": _well_formed(message.get("refusal") or ""),
        "tool_calls": calls,
    }
    return json_commitment(content)


def _well_formed(text: str) -> str:
    """Joins the halves of a character that came in two parts; a half without its other becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
