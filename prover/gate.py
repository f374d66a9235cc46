"""Checks a request completely before the payment middleware sees it: nobody is asked to pay for a mistake."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prover.catalogue import Catalogue, ServedModel
from prover.errors import RequestRefusedError
from prover.requests import InferenceInput, parse_inference_body, read_body
from veritally.tiers import Tier

_INFER_PATH = re.compile(r"/v1/(?P<tier>[^/]+)/models/(?P<model>[^/]+)/infer(?P<slashes>/*)")


@dataclass(frozen=True)
class Job:
    """A request that was found to be in order."""

    model: ServedModel
    tier: Tier
    request: InferenceInput
    body: bytes
    """As it was sent."""


class RequestGate:
    """ASGI middleware outside the payment middleware. Leaves the checked `Job` in the request's state."""

    def __init__(self, app: ASGIApp, catalogue: Catalogue) -> None:
        self._app = app
        self._catalogue = catalogue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses with a JSON error, or passes the request on with its body replayed."""
        target = _INFER_PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if target is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            if target["slashes"]:  # the payment middleware would ask for a payment, and nothing would answer
                raise RequestRefusedError(404, "not_found", "this path ends in /infer, without a slash")
            model, tier = self._catalogue.find(target["tier"], target["model"])
            body = await read_body(receive)
            request = parse_inference_body(body, model.package)
        except RequestRefusedError as error:
            await error_response(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["job"] = Job(model, tier, request, body)
        await self._app(scope, _replay(body, receive), send)


def error_response(error: RequestRefusedError) -> JSONResponse:
    """A refusal as JSON."""
    content = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(content, status_code=error.status, headers={"Cache-Control": "no-store"})


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """A `receive` that gives the body once more, then whatever the server says next."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
