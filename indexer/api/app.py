"""The application: endpoints, refusals, headers."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.api.described import PROBLEM_TYPE
from indexer.api.errors import BadParameterError, ProblemError
from indexer.api.routes import api
from indexer.api.source import Source
from indexer.errors import IndexerError, NotReadyError, ReadTookTooLongError
from indexer.log import logger

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, link"),
)


def make_app(source: Source, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """The API over a source; `routers` are mounted beside it."""
    app = FastAPI(
        title="Veritally indexer",
        version="1",
        description="Settled inferences, how they split over the tiers, and statistics that hold.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.include_router(api(source))
    for router in routers:
        app.include_router(router)
    app.add_middleware(_Headers)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(IndexerError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    return app


class _Headers:
    """Adds headers to whatever is answered under /v1: it is public, and nothing in it is a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_more)


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A refusal as RFC 9457 has it."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    more = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(content), status, more, PROBLEM_TYPE)


def _on_error(_request: Request, error: Exception) -> Response:
    if isinstance(error, ProblemError):
        return problem(error.status, error.title, str(error), _retry(error.status))
    if isinstance(error, ReadTookTooLongError):
        detail = "reading took too long; ask for less at once, or again when the machine is less busy"
        return problem(503, "Not available now", detail, _retry(503))
    logger().error("not answered", reason=str(error))
    if isinstance(error, NotReadyError):
        return problem(503, "Not available now", "the database cannot be read; try again later", _retry(503))
    return problem(500, "Internal error", "this is a bug or a damaged database; the log says more")


def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    place, *names = (str(part) for part in first["loc"])
    name = ".".join(names) or place
    problem_ = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem_ = "this endpoint has no such parameter; /v1/openapi.json lists those that it has"
    refusal = BadParameterError(name, problem_)
    return problem(refusal.status, refusal.title, str(refusal))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: f"there is no {request.url.path[:200]}; /v1/openapi.json lists what there is",
        405: f"{request.method} is not possible here; everything is read with GET",
    }
    detail = details.get(error.status_code, str(error.detail))
    title = HTTPStatus(error.status_code).phrase
    return problem(error.status_code, title, detail, dict(error.headers or {}))


def _retry(status: int) -> dict[str, str]:
    return {"retry-after": "2"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
