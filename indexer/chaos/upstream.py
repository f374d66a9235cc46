"""The node behind the proxy."""

from __future__ import annotations

from typing import Any

import httpx

from indexer.chaos.fault import Json

_TIMEOUT_S = 60.0


class UpstreamError(Exception):
    """The node behind the proxy gives no answer that fits. Says nothing of its URL, which may hold a key."""


class HttpUpstream:
    """A node by URL. For use from several threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(timeout=_TIMEOUT_S)

    def __call__(self, requests: list[Json]) -> list[Json]:
        """One answer for each request, in their order.

        Raises:
            UpstreamError: there are none.
        """
        numbered = [{**request, "jsonrpc": "2.0", "id": index} for index, request in enumerate(requests)]
        try:
            answered: Any = self._http.post(self._url, json=numbered).json()
            by_id = {answer["id"]: answer for answer in answered}
            found = [by_id[index] for index in range(len(requests))]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise UpstreamError(
                f"the node behind the proxy gives no answer ({type(error).__name__})"
            ) from None
        return [{**answer, "id": request.get("id")} for request, answer in zip(requests, found, strict=True)]

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()
