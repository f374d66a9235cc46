"""JSON-RPC over HTTP for one node. Nothing that it answers is trusted to have the right form."""

from __future__ import annotations

import json
from typing import Any

from veritally.rpc_url import host_of, redact
from veritally.transactions.errors import EndpointError
from veritally.transactions.exchange import ExchangeError, HttpConnection

_OK = 200
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
        self._http = HttpConnection(url, timeout_s)
        self.host = host_of(url)
        """Host and port: what may be shown of the URL."""
        self._url = url

    def ask(self, method: str, *params: object) -> Any:
        """The result of a call; it may be anything that JSON can say.

        Raises:
            RefusedError: the node answers with an error.
            EndpointError: no answer in time, or none in the form of JSON-RPC.
        """
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            status, body = self._http.post(json.dumps(request).encode())
        except ExchangeError as error:
            raise self.nonsense(method, str(error)) from None
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise self.nonsense(method, f"HTTP status {status} and no JSON") from None
        if not isinstance(answer, dict) or answer.get("id") != 1:
            raise self.nonsense(method, f"HTTP status {status} and no answer to the request")
        if answer.get("error") is not None:
            raise self._refused(method, answer["error"])
        if status != _OK or "result" not in answer:
            raise self.nonsense(method, f"HTTP status {status} and no result")
        return answer["result"]

    def nonsense(self, method: str, problem: str) -> EndpointError:
        """The error of an answer that makes no sense."""
        return EndpointError(self.host, f"{method}: {problem}")

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def _refused(self, method: str, error: object) -> RefusedError:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        shown = redact(self._url, str(fields.get("message")))[:_LONGEST_PROBLEM]
        message = "".join(character if character.isprintable() else "?" for character in shown)
        return RefusedError(self.host, method, message, fields.get("data"))
