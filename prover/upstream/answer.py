"""Answers of language models: read at once or put together from parts, and committed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prover.upstream.errors import UpstreamFailedError
from veritally.chat import chat_response_commitment


@dataclass(frozen=True)
class Usage:
    """Tokens, as the upstream counted them."""

    input_tokens: int
    output_tokens: int

    @classmethod
    def read(cls, content: object) -> Usage | None:
        """The usage in an answer; None where there is none that makes sense."""
        if not isinstance(content, dict):
            return None
        counted = (content.get("prompt_tokens"), content.get("completion_tokens"))
        counts = [count for count in counted if isinstance(count, int) and not isinstance(count, bool)]
        return cls(*counts) if len(counts) == len(counted) and min(counts) >= 0 else None


@dataclass(frozen=True)
class Completion:
    """A whole answer."""

    content: dict[str, Any]
    """A `chat.completion` object of the OpenAI API."""
    response_hash: bytes
    usage: Usage | None

    @classmethod
    def read(cls, body: bytes, name: str) -> Completion:
        """An answer that came at once. `name` takes the place of the upstream's name of the model.

        Raises:
            UpstreamFailedError: it is none.
        """
        try:
            content = json.loads(body)
            (choice,) = content["choices"]
            _text(choice["finish_reason"] or "")
            response_hash = chat_response_commitment(choice["message"], choice["finish_reason"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UpstreamFailedError("it is no chat completion") from None
        return cls({**content, "model": name}, response_hash, Usage.read(content.get("usage")))


@dataclass
class _Call:
    """A call of a tool, as far as it came."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in a whole answer."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


@dataclass
class Assembly:
    """An answer that comes in parts."""

    usage: Usage | None = None
    pieces: int = 0
    """Parts with something in them; each is at least one token."""
    finish_reason: str | None = None
    _head: dict[str, Any] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=lambda: {"content": [], "refusal": []})
    _calls: dict[int, _Call] = field(default_factory=dict)

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Takes the next part.

        Raises:
            UpstreamFailedError: it is none of a chat completion.
        """
        try:
            self._add(chunk)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise UpstreamFailedError("a part of it is none of a chat completion") from None

    def completion(self, name: str) -> Completion:
        """The answer as far as it came."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._texts["content"])}
        if self._texts["refusal"]:
            message["refusal"] = "".join(self._texts["refusal"])
        if self._calls:
            message["tool_calls"] = [self._calls[index].to_json() for index in sorted(self._calls)]
        content = {
            **self._head,
            "object": "chat.completion",
            "model": name,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason}],
        }
        if self.usage is not None:
            counts = {"prompt_tokens": self.usage.input_tokens, "completion_tokens": self.usage.output_tokens}
            content["usage"] = {**counts, "total_tokens": sum(counts.values())}
        return Completion(content, chat_response_commitment(message, self.finish_reason), self.usage)

    def _add(self, chunk: Mapping[str, Any]) -> None:
        self._head = self._head or {name: chunk[name] for name in ("id", "created") if name in chunk}
        self.usage = Usage.read(chunk.get("usage")) or self.usage
        choices = chunk.get("choices") or []
        if not choices:
            return
        (choice,) = choices
        delta = choice.get("delta") or {}
        self.finish_reason = _text(choice.get("finish_reason") or "") or self.finish_reason
        calls = delta.get("tool_calls") or []
        for name, texts in self._texts.items():
            if text := delta.get(name):
                texts.append(_text(text))
        for call in calls:
            self._add_call(call)
        if calls or any(isinstance(value, str) and value for key, value in delta.items() if key != "role"):
            self.pieces += 1

    def _add_call(self, part: Mapping[str, Any]) -> None:
        call, function = self._calls.setdefault(int(part["index"]), _Call()), part.get("function") or {}
        call.id = call.id or _text(part.get("id") or "")
        call.name += _text(function.get("name") or "")
        call.arguments += _text(function.get("arguments") or "")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} instead of text")
    return value
