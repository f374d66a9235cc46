"""JSON-RPC over HTTP for one node. Nothing that it answers is trusted to have the right form."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from veritally.rpc_url import host_of, redact
from veritally.transactions.errors import EndpointError, SettingError

LONGEST_ANSWER_BYTES = 64 * 2**20
_LONGEST_PROBLEM = 200


class RefusedError(EndpointError):
    """The node answered with an error of its own."""

    def __init__(self, host: str, method: str, message: str, data: object) -> None:
        super().__init__(host, f"{method}: {message}")
        self.message = message
        self.data = data


class Rpc:
    """One node. May be used by several threads."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """`timeout_s` limits a whole exchange.

        Raises:
            SettingError: `url` is no HTTP(S) URL.
        """
        if not url.startswith(("http://", "https://")):
            raise SettingError("RPC URL", "is not of the form http(s)://host[:port][/path]")
        self.host = host_of(url)
        """Host and port: what may be shown of the URL."""
        self._url = url
        self._timeout_s = timeout_s
        self._http = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)

    def ask(self, method: str, *params: object) -> Any:
        """The result of a call; it may be anything that JSON can say.

        Raises:
            RefusedError: the node answers with an error.
            EndpointError: no answer in time, or none in the form of JSON-RPC.
        """
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        status, body = self._exchange(request, method)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise self.nonsense(method, f"HTTP status {status} and no JSON") from None
        if not isinstance(answer, dict) or answer.get("id") != 1:
            raise self.nonsense(method, f"HTTP status {status} and no answer to the request")
        if answer.get("error") is not None:
            raise self._refused(method, answer["error"])
        if status != httpx.codes.OK or "result" not in answer:
            raise self.nonsense(method, f"HTTP status {status} and no result")
        return answer["result"]

    def nonsense(self, method: str, problem: str) -> EndpointError:
        """The error of an answer that makes no sense."""
        return EndpointError(self.host, f"{method}: {problem}")

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _exchange(self, request: dict[str, object], method: str) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._timeout_s
        body = bytearray()
        try:
            with self._http.stream("POST", self._url, json=request) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER_BYTES or time.monotonic() > deadline:
                        raise self.nonsense(method, "an answer that is too long, or too slow")
                return response.status_code, bytes(body)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            problem = type(error).__name__
        raise self.nonsense(method, problem)  # here, so that it does not carry the other error

    def _refused(self, method: str, error: object) -> RefusedError:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        message = redact(self._url, str(fields.get("message")))[:_LONGEST_PROBLEM]
        return RefusedError(self.host, method, message, fields.get("data"))
