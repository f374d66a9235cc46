"""The HTTP interface: the models, the paid inferences and a health check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from x402 import x402ResourceServer
from x402.http.middleware.fastapi import PaymentMiddlewareASGI
from x402.http.types import (
    HTTPRequestContext,
    HTTPResponseBody,
    PaymentOption,
    ProcessSettleResult,
    RouteConfig,
)
from x402.mechanisms.evm.upto.server import UptoEvmScheme
from x402.schemas import AssetAmount

from prover.books import Books
from prover.catalogue import Catalogue, Offer, ServedModel, infer_path
from prover.errors import RequestRefusedError
from prover.facilitator import InProcessFacilitator
from prover.gate import RequestGate, error_response
from prover.jobs.store import DurableJobs
from prover.service import InferenceService
from prover.settling.settling import Settling
from prover.zkml.proof_pool import ProofPool
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.tiers import Tier

DRAIN_S = 20.0
"""Seconds for which a service that is stopped waits for its last blocks."""


@dataclass(frozen=True)
class Parts:
    """What the HTTP interface is put together from."""

    chain: Chain
    catalogue: Catalogue
    facilitator: InProcessFacilitator
    books: Books
    jobs: DurableJobs
    settling: Settling
    pool: ProofPool
    service: InferenceService
    payment_timeout_s: int

    def close(self) -> None:
        """Settles what waits, as far as that is possible in `DRAIN_S`, and closes the books."""
        self.settling.drain(DRAIN_S)
        self.settling.stop()
        self.jobs.close()
        self.books.close()


def create_app(parts: Parts) -> FastAPI:
    """The application: gate, then the official payment middleware, then the handlers."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        parts.settling.start()
        await parts.service.resume(parts.jobs.running())
        yield
        await asyncio.to_thread(parts.pool.close)
        await parts.service.close()
        await asyncio.to_thread(parts.close)

    # No pages of FastAPI: they load scripts from elsewhere, and its description lacks our requests.
    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.add_middleware(PaymentMiddlewareASGI, routes=_payment_routes(parts), server=_resource_server(parts))
    app.add_middleware(RequestGate, catalogue=parts.catalogue)
    app.add_exception_handler(HTTPException, _plain_error)
    _add_handlers(app, parts)
    return app


def _add_handlers(app: FastAPI, parts: Parts) -> None:
    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        """Models, tiers, prices and pay addresses."""
        return parts.catalogue.to_json()

    @app.get("/healthz")
    async def health() -> JSONResponse:
        """200 while the chain answers, else 503."""
        try:
            block = await asyncio.to_thread(parts.chain.block_number)
        except ChainUnreachableError:
            return JSONResponse({"status": "chain unreachable"}, status_code=503)
        return JSONResponse({"status": "ok", "chain_id": parts.chain.chain_id, "block": block})

    @app.post("/v1/{tier}/models/{model}/infer")
    async def infer(request: Request) -> JSONResponse:
        """One paid inference; the body is `{"input": [number, ...]}`."""
        state = request.state
        try:
            if not (hasattr(state, "job") and hasattr(state, "payment_payload")):
                raise RequestRefusedError(404, "not_found", "write the path as GET /v1/models lists it")
            answer = await parts.service.serve(state.job, state.payment_payload, state.payment_requirements)
        except RequestRefusedError as error:
            return error_response(error)
        # Without an answer the middleware finds that nothing was settled, and answers 402 in our place.
        return JSONResponse(answer or {}, headers={"Cache-Control": "no-store"})


def _resource_server(parts: Parts) -> x402ResourceServer:
    server = x402ResourceServer(parts.facilitator)
    scheme: Any = UptoEvmScheme  # its annotations do not fit its own protocol
    server.register(parts.catalogue.network, scheme())
    return server


def _payment_routes(parts: Parts) -> dict[str, RouteConfig]:
    return {
        f"POST {infer_path(tier, model.package.name)}": _route(parts, model, tier, offer)
        for model in parts.catalogue.models.values()
        for tier, offer in model.offers.items()
    }


def _route(parts: Parts, model: ServedModel, tier: Tier, offer: Offer) -> RouteConfig:
    catalogue = parts.catalogue
    return RouteConfig(
        accepts=PaymentOption(
            scheme="upto",
            pay_to=offer.pay_to,
            price=AssetAmount(amount=str(offer.price_base_units), asset=catalogue.asset),
            network=catalogue.network,
            max_timeout_seconds=parts.payment_timeout_s,
        ),
        description=f"{model.package.name} {model.package.version}, one inference at tier {tier.label}",
        mime_type="application/json",
        settlement_failed_response_body=_not_settled_body,
    )


def _not_settled_body(_context: HTTPRequestContext, failure: ProcessSettleResult) -> HTTPResponseBody:
    """The body of the 402 after a settlement that did not happen or is not known."""
    response = failure.settle_response
    message = response.error_message if response else None
    content = {
        "code": failure.error_reason,
        "message": message or failure.error_reason,
        "transaction": failure.transaction,
    }
    return HTTPResponseBody(content_type="application/json", body={"error": content})


async def _plain_error(_request: Request, error: Exception) -> JSONResponse:
    """Unknown paths and methods, in the same form as our other errors."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "internal error"
    return error_response(RequestRefusedError(status, detail.lower().replace(" ", "_"), detail))
