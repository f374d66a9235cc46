"""JSON-RPC over HTTP: one kept-alive connection, batches, time-outs, and answers checked before use."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from indexer import metrics
from indexer.errors import RpcAnswerError, RpcUnreachableError
from indexer.rpc_messages import ANSWERS, Answer, Request, Sent, body_of, parse_url
from veritally.rpc_url import redact

_ATTEMPTS = 3
_PAUSE_S = 0.2
_MOST_PAUSE_S = 10.0
"""However long the node asks to wait."""
_RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
_ANSWER_TIMEOUTS = 3
"""A whole answer may take so many times the time-out of its parts: a node may send byte after byte."""
_PART_BYTES = 1 << 20
_T = TypeVar("_T")


class JsonRpc:
    """A node's JSON-RPC. Not for use from several threads."""

    def __init__(self, url: str, timeout_s: float = 20.0) -> None:
        """`timeout_s` limits the wait for each part of an answer.

        Raises:
            SettingsError: `url` is no HTTP(S) URL.
        """
        self._url = parse_url(url)
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None
        self._wanted_pause_s = 0.0
        self.shown_url = f"{self._url.scheme}://{self._url.hostname}:{self._port()}"
        """The URL without path and query, where providers put keys."""

    def ask(self, requests: Sequence[Request]) -> list[msgspec.Raw]:
        """The results of one batch, in the order of the requests.

        Raises:
            RpcUnreachableError: no answer after several tries.
            RpcAnswerError: no JSON-RPC answer, or an error for one of the requests.
        """
        answers = zip(requests, self.ask_each(requests), strict=True)
        return [self.result(request, answer) for request, answer in answers]

    def ask_each(self, requests: Sequence[Request]) -> list[Answer]:
        """Like `ask`, but errors of single requests are returned instead of raised."""
        return self._answers(requests, *self._post(body_of(requests)))

    def send(self, requests: Sequence[Request]) -> Sent:
        """Sends a batch without waiting for the answer; `receive` must come before anything else is asked."""
        body = body_of(requests)
        try:
            self._request(body)
        except (OSError, http.client.HTTPException):
            self.close()
        return Sent(requests, body)

    def receive(self, sent: Sent) -> list[Answer]:
        """The answers to what was sent last; it is sent again when the connection broke.

        Raises:
            RpcUnreachableError: no answer after several tries.
            RpcAnswerError: no JSON-RPC answer.
        """
        try:
            status, content = self._response()
        except (OSError, http.client.HTTPException):
            self._failed()
            self.close()
            status, content = self._post(sent.body)
        else:
            if status in _RETRIED_STATUS:
                self._failed()
                status, content = self._post(sent.body)
        return self._answers(sent.requests, status, content)

    def result(self, request: Request, answer: Answer) -> msgspec.Raw:
        """The result of one request.

        Raises:
            RpcAnswerError: the answer is an error.
        """
        if answer.error is not None:
            self._failed()
            problem = f"error {answer.error.code}"
            raise RpcAnswerError(
                self.shown_url, request.method, problem, redact(self._url.geturl(), answer.error.message)
            )
        return answer.result

    def another(self) -> JsonRpc:
        """The same node over a connection of its own."""
        another = JsonRpc(self._url.geturl(), self._timeout_s)
        another.shown_url = self.shown_url
        return another

    def _answers(self, requests: Sequence[Request], status: int, content: bytes) -> list[Answer]:
        try:
            by_id = {answer.id: answer for answer in ANSWERS.decode(content)}
            answers = [by_id[i] for i in range(len(requests))]
        except (ValueError, KeyError):
            raise self._no_answer(requests[0].method, status, content) from None
        if any(answer.error is None and not bytes(answer.result) for answer in answers):
            raise self._no_answer(requests[0].method, status, content)
        return answers

    def parse(self, method: str, raw: msgspec.Raw, parser: Callable[[msgspec.Raw], _T]) -> _T:
        """What `parser` makes of a result of `method`.

        Raises:
            RpcAnswerError: the parser refuses the result with a ValueError.
        """
        try:
            return parser(raw)
        except ValueError:
            self._failed()
            text = redact(self._url.geturl(), bytes(raw).decode("utf-8", "replace"))
            raise RpcAnswerError(self.shown_url, method, "the result has an unexpected form", text) from None

    def _post(self, body: bytes) -> tuple[int, bytes]:
        problem, may_be_too_large, wanted_pause_s = "", True, 0.0
        for attempt in range(_ATTEMPTS):
            time.sleep(max(_PAUSE_S * attempt, wanted_pause_s))
            wanted_pause_s = 0.0
            try:
                status, content = self._exchange(body)
            except (OSError, http.client.HTTPException) as error:
                self._failed()
                self.close()
                problem = str(error) or type(error).__name__
                may_be_too_large = not isinstance(error, ConnectionRefusedError | socket.gaierror)
            else:
                if status not in _RETRIED_STATUS:
                    return status, content
                self._failed()
                problem = f"HTTP status {status}"
                wanted_pause_s = self._wanted_pause_s
        raise RpcUnreachableError(self.shown_url, problem, may_be_too_large)

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        self._request(body)
        return self._response()

    def _request(self, body: bytes) -> None:
        if self._connection is None:
            self._connection = self._connect()
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        self._connection.request("POST", target, body, {"content-type": "application/json"})

    def _response(self) -> tuple[int, bytes]:
        if self._connection is None:
            raise http.client.NotConnected
        response = self._connection.getresponse()
        self._wanted_pause_s = _seconds(response.headers.get("retry-after"))
        return response.status, self._whole(response)

    def _whole(self, response: http.client.HTTPResponse) -> bytes:
        """The body of an answer, to the length that was announced."""
        deadline_s = time.monotonic() + _ANSWER_TIMEOUTS * self._timeout_s
        parts: list[bytes] = []
        while part := response.read1(_PART_BYTES):
            parts.append(part)
            if time.monotonic() > deadline_s:
                raise TimeoutError("the answer did not end in time")
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.read()  # says that the connection can be used again
        return b"".join(parts)

    def _connect(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._port(), timeout=self._timeout_s, context=context)
        return http.client.HTTPConnection(host, self._port(), timeout=self._timeout_s)

    def _port(self) -> int:
        return self._url.port or (443 if self._url.scheme == "https" else 80)

    def _failed(self) -> None:
        metrics.RPC_ERRORS.labels(self.shown_url).inc()

    def _no_answer(self, method: str, status: int, content: bytes) -> RpcAnswerError:
        self._failed()
        text = redact(self._url.geturl(), content.decode("utf-8", "replace"))
        problem = f"HTTP status {status} and no JSON-RPC batch"
        return RpcAnswerError(self.shown_url, method, problem, text)

    def close(self) -> None:
        """Closes the connection; the next request opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _seconds(retry_after: str | None) -> float:
    """What the header `Retry-After` asks for, within bounds; a date counts as nothing."""
    return min(float(retry_after), _MOST_PAUSE_S) if retry_after and retry_after.isdecimal() else 0.0
