"""The pages as routes. Nothing on them needs JavaScript, and no request goes to another host."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from indexer.analytics.metric import Rows
from indexer.pages.details import party_list, party_page, receipt_page
from indexer.pages.methods import methods
from indexer.pages.overview import WEEK_CHOICES, Choice, overview
from indexer.pages.render import render, static
from indexer.pages.source import PageSource, Party, StateView

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Of every page."""
_FOR_EVER = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_PLACE = re.compile(r"(\d{1,12})-(\d{1,12})")
_LISTS = {"models": Party.MODEL, "provers": Party.PROVER, "payers": Party.PAYER}

Endpoint: TypeAlias = Callable[[Request], Response]


def pages(source: PageSource) -> APIRouter:
    """All pages, to be mounted at the root."""
    router = APIRouter(include_in_schema=False)
    made = _Pages(source)
    routes: dict[str, Endpoint] = {
        "/": made.overview,
        "/methods": made.methods,
        "/find": made.find,
        "/receipts/{hash}": made.receipt,
        "/inferences/{place}": made.inference,
        "/static/page.css": lambda _: Response(static("page.css"), headers=_FOR_EVER, media_type="text/css"),
        "/favicon.svg": _favicon,
        "/favicon.ico": _favicon,
    }
    for path, party in _LISTS.items():
        routes[f"/{path}"] = made.listed(party)
        routes[f"/{path}/{{identity}}"] = made.party(party)
    for path, endpoint in routes.items():
        router.add_route(path, endpoint, methods=["GET"], include_in_schema=False)
    return router


class _Pages:
    """One method for each kind of page."""

    def __init__(self, source: PageSource) -> None:
        self._source = source

    def overview(self, request: Request) -> Response:
        choice = _choice(request)
        if choice is None:
            weeks = ", ".join(map(str, WEEK_CHOICES))
            return self._problem(400, f"weeks is one of {weeks}, and rows is raw or strict.")
        return _page(overview(self._source, choice, _now_s()))

    def methods(self, request: Request) -> Response:
        del request
        return _page(methods(self._state, _now_s()))

    def find(self, request: Request) -> Response:
        """Leads to the page of whatever has this address or hash."""
        wanted = request.query_params.get("q", "").strip()
        place = self._place_of(wanted)
        if place is None:
            return self._problem(
                404,
                f"Nothing here is called {wanted[:80]!r}. Give an address (0x and 40 "
                "digits), a model id or a receipt hash (0x and 64 digits).",
            )
        return RedirectResponse(place, 303, headers=HEADERS)

    def _place_of(self, wanted: str) -> str | None:
        look = self._source.lookups
        if _ADDRESS.fullmatch(wanted):
            for path in ("provers", "payers"):
                if look.party(_LISTS[path], wanted) is not None:
                    return f"/{path}/{wanted}"
        if _HASH.fullmatch(wanted):
            if look.party(Party.MODEL, wanted) is not None:
                return f"/models/{wanted}"
            if look.receipt(wanted) is not None:
                return f"/receipts/{wanted}"
        return None

    def listed(self, party: Party) -> Endpoint:
        def endpoint(request: Request) -> Response:
            del request
            return _page(party_list(self._source, party, _now_s()))

        return endpoint

    def party(self, party: Party) -> Endpoint:
        form = _HASH if party is Party.MODEL else _ADDRESS

        def endpoint(request: Request) -> Response:
            identity = request.path_params["identity"]
            detail = self._source.lookups.party(party, identity) if form.fullmatch(identity) else None
            if detail is None:
                return self._problem(404, f"No {party} with this id has an inference here.")
            return _page(party_page(self._state, detail, _now_s()))

        return endpoint

    def receipt(self, request: Request) -> Response:
        wanted = request.path_params["hash"]
        found = self._source.lookups.receipt(wanted) if _HASH.fullmatch(wanted) else None
        if found is None:
            return self._problem(404, "No receipt with this hash was settled here.")
        return _page(receipt_page(self._state, found, _now_s()))

    def inference(self, request: Request) -> Response:
        place = _PLACE.fullmatch(request.path_params["place"])
        found = self._source.lookups.inference(int(place[1]), int(place[2])) if place else None
        if found is None:
            return self._problem(404, "No inference stands at this place of the chain.")
        return _page(receipt_page(self._state, found, _now_s()))

    @property
    def _state(self) -> StateView | None:
        analysis = self._source.analysis
        return None if analysis is None else analysis.state

    def _problem(self, status: int, message: str) -> Response:
        return _page(render("problem.html", self._state, _now_s(), message=message), status)


def _choice(request: Request) -> Choice | None:
    asked = request.query_params
    weeks, rows = asked.get("weeks", "4"), asked.get("rows", "raw")
    if weeks not in map(str, WEEK_CHOICES) or rows not in ("raw", "strict"):
        return None
    return Choice(int(weeks), Rows[rows.upper()])


def _page(text: str, status: int = 200) -> Response:
    return Response(text, status, headers=HEADERS, media_type="text/html; charset=utf-8")


def _favicon(request: Request) -> Response:
    del request
    return Response(static("favicon.svg"), headers=_FOR_EVER, media_type="image/svg+xml")


def _now_s() -> int:
    return int(time.time())
