"""A node's JSON-RPC over HTTP. The URL may hold an access key: nothing that is raised here shows it."""

from __future__ import annotations

from typing import Any

from requests.exceptions import RequestException
from web3 import HTTPProvider
from web3.types import RPCEndpoint, RPCResponse

from veritally.errors import ChainUnreachableError
from veritally.rpc_url import host_of, redact


class NodeProvider(HTTPProvider):
    """web3's provider, except for its errors."""

    @property
    def host(self) -> str:
        """Host and port of the node: what may be shown."""
        return host_of(str(self.endpoint_uri))

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Asks the node.

        Raises:
            ChainUnreachableError: it does not answer, or not in JSON.
        """
        try:
            response: RPCResponse = super().make_request(method, params)
        except (RequestException, ValueError) as error:
            problem = _problem(error)
        else:
            return self._without_key(response)
        raise ChainUnreachableError(self.host, problem)  # here, so that it does not carry the other error

    def _without_key(self, response: RPCResponse) -> RPCResponse:
        error = response.get("error")
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            error["message"] = redact(str(self.endpoint_uri), error["message"])
        return response


def _problem(error: Exception) -> str:
    """What went wrong, without the message of the error."""
    response = error.response if isinstance(error, RequestException) else None
    return type(error).__name__ if response is None else f"HTTP status {response.status_code}"
