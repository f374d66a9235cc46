"""The HTTP interface: models, paid requests, receipts, a health check and their description."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from prover.door.chain_state import ChainState
from prover.door.channels import ChannelJobs
from prover.door.checks import PaymentChecker
from prover.door.credit import Credit
from prover.door.desk import Desk
from prover.door.directory import Directory
from prover.door.errors import StoreUnavailableError
from prover.door.node_reads import NodeReads
from prover.door.offers import Menu
from prover.door.openapi import describe
from prover.door.payments import payment_header
from prover.door.rendering import Renderer
from prover.door.replies import UNCACHED, Replies, payment_required, refusal
from prover.door.visits import Admitted, Visit
from prover.errors import ProverError, RequestRefusedError
from prover.requests import read_body
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError

_log = logging.getLogger("veritally.prover.door")
_PAID_PATH = "/v1/{tier}/models/{model}/{operation:path}"
_ID = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class Door:
    """The routes of one prover."""

    def __init__(
        self,
        chain: Chain,
        directory: Directory,
        menu: Menu,
        jobs: ChannelJobs,
        rpc_urls: Sequence[str],
    ) -> None:
        """The interface, which checks payments with the first of `rpc_urls` that answers."""
        self._chain = chain
        self._jobs = jobs
        self._directory = directory
        self._renderer = Renderer(menu.prover, f"eip155:{menu.chain_id}")
        self._replies = Replies(self._renderer)
        reads = NodeReads(rpc_urls)
        checker = PaymentChecker(ChainState(reads), Credit(menu.policy.credit_base_units))
        self.desk = Desk(menu, jobs, checker, reads)
        self._description = describe(directory.to_json())

    def routes(self) -> list[Route]:
        """All of them, for Starlette."""
        return [
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/receipts/{id}", self.receipt, methods=["GET"]),
            Route(_PAID_PATH, self.ask, methods=["POST"]),
            Route(_PAID_PATH, self.offer, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        ]

    async def models(self, _request: Request) -> Response:
        """Models, tiers, prices, routes and pay addresses."""
        return JSONResponse(self._directory.to_json())

    async def openapi(self, _request: Request) -> Response:
        """The description of this interface."""
        return JSONResponse(self._description)

    async def health(self, _request: Request) -> Response:
        """200 while the chain answers, else 503."""
        try:
            block = await asyncio.to_thread(self._chain.block_number)
        except ChainUnreachableError:
            return JSONResponse({"status": "chain unreachable"}, status_code=503)
        return JSONResponse({"status": "ok", "chain_id": self._chain.chain_id, "block": block})

    async def receipt(self, request: Request) -> Response:
        """How far a paid request is, by its id or the hash of its receipt."""
        found = _ID.fullmatch(request.path_params["id"])
        job = await self._jobs.find(bytes.fromhex(found[0][-64:])) if found else None
        if job is None:
            message = "no request has this id or receipt hash; take it from the answer"
            return refusal(RequestRefusedError(404, "unknown_receipt", message))
        return JSONResponse(self._renderer.lookup(job), headers=UNCACHED)

    async def ask(self, request: Request) -> Response:
        """One paid request."""
        visit: Visit | None = None
        try:
            visit = await self._visit(request)
            admitted = await self.desk.admit(visit, request.scope["headers"])
            if admitted is None:
                return payment_required(visit)
            if admitted.parts is not None:
                return await self._stream(visit, admitted)
            return self._replies.result(await self.desk.result(visit, admitted.job))
        except ProverError as error:
            return refusal(error, visit)

    async def offer(self, request: Request) -> Response:
        """x402's offers for a request, without one: for those who compare prices."""
        target = request.path_params
        try:
            handler, tier = self._directory.find(target["tier"], target["model"], target["operation"])
        except RequestRefusedError as error:
            return refusal(error)
        if payment_header(request.scope["headers"]) is not None:
            message = "send the request that is paid for by POST; this payment was not used"
            return refusal(RequestRefusedError(405, "method_not_allowed", message))
        return payment_required(self.desk.window(handler, tier, request.url.path, str(request.url)))

    async def _visit(self, request: Request) -> Visit:
        target = request.path_params
        handler, tier = self._directory.find(target["tier"], target["model"], target["operation"])
        body = await read_body(request.receive, handler.max_body_bytes)
        return self.desk.visit(handler, tier, request.url.path, str(request.url), body)

    async def _stream(self, visit: Visit, admitted: Admitted) -> Response:
        """The parts as they come. Without a first part there is no stream: the reply says why."""
        assert admitted.parts is not None
        first = await admitted.parts.get()
        if first is None:
            return self._replies.result(await self.desk.result(visit, admitted.job))
        headers = UNCACHED | self._renderer.stream_header(admitted.job.order.payer)
        parts = self._parts(visit, admitted, first)
        return StreamingResponse(parts, media_type="text/event-stream", headers=headers)

    async def _parts(self, visit: Visit, admitted: Admitted, first: bytes) -> AsyncIterator[bytes]:
        assert admitted.parts is not None
        part: bytes | None = first
        while part is not None:
            yield part
            part = await admitted.parts.get()
        yield self._renderer.last_event(await self.desk.result(visit, admitted.job))


async def no_database(_request: Request, error: Exception) -> Response:
    """A database that does not answer, without a word of it: its address is not for clients."""
    _log.error("%s", error)
    return refusal(StoreUnavailableError())


async def plain_error(_request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the same form as our other errors."""
    assert isinstance(error, HTTPException)
    code = error.detail.lower().replace(" ", "_")
    return refusal(RequestRefusedError(error.status_code, code, error.detail))
