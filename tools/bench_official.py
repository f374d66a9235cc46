"""A paid service as x402's documentation builds it.

`bench_official.py PORT RPC_URL KEY_FILE PAY_TO MODEL WAY` serves FastAPI, the official middleware, and the
official facilitator in the same process, which settles each payment by a transaction of its own. The model is
the one that our service runs. WAY is `loop`, as documented: the facilitator waits for the chain in the event
loop; or `threads`, which the documentation does not show: it waits in threads.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from x402 import x402Facilitator, x402FacilitatorSync, x402ResourceServer
from x402.http.middleware.fastapi import PaymentMiddlewareASGI
from x402.http.types import PaymentOption, RouteConfig
from x402.mechanisms.evm.exact import ExactEvmFacilitatorScheme, ExactEvmServerScheme
from x402.mechanisms.evm.signers import FacilitatorWeb3Signer
from x402.mechanisms.evm.upto import UptoEvmFacilitatorScheme, UptoEvmServerScheme
from x402.schemas import (
    PaymentPayload,
    PaymentRequirements,
    SettleResponse,
    SupportedResponse,
    VerifyResponse,
)

from prover.onnx_model import OnnxModel
from prover.zkml.package import ModelPackage

NETWORK = "eip155:84532"
PRICE_USD = "$0.001"


class InThreads:
    """The official facilitator, which blocks, in the threads of the process that serves."""

    def __init__(self, facilitator: x402FacilitatorSync) -> None:
        self._facilitator = facilitator

    def get_supported(self) -> SupportedResponse:
        """The kinds of payments that it takes."""
        return self._facilitator.get_supported()

    async def verify(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        """Whether the chain would take the payment now."""
        return await asyncio.to_thread(self._facilitator.verify, payload, requirements)

    async def settle(self, payload: PaymentPayload, requirements: PaymentRequirements) -> SettleResponse:
        """Sends it and waits for its block."""
        return await asyncio.to_thread(self._facilitator.settle, payload, requirements)


def create_app(facilitator: Any, pay_to: str, package: Path) -> FastAPI:
    """The service, with a route for each scheme."""
    server = x402ResourceServer(facilitator)
    for scheme in (ExactEvmServerScheme, UptoEvmServerScheme):
        made: Any = scheme()
        server.register(NETWORK, made)
    model = OnnxModel(ModelPackage.load(package))
    app = FastAPI()

    async def infer(request: Request) -> dict[str, Any]:
        values = (await request.json())["input"]
        return {"output": list(await asyncio.to_thread(model.run, values))}

    for name in ("exact", "upto"):
        app.post(f"/{name}")(infer)
    app.add_middleware(PaymentMiddlewareASGI, routes=_routes(pay_to), server=server)
    return app


def in_process(way: str, rpc_url: str, key: str) -> Any:
    """The official facilitator."""
    signer = FacilitatorWeb3Signer(private_key=key, rpc_url=rpc_url)
    facilitator = x402Facilitator() if way == "loop" else x402FacilitatorSync()
    facilitator.register([NETWORK], ExactEvmFacilitatorScheme(signer))
    facilitator.register([NETWORK], UptoEvmFacilitatorScheme(signer))
    return facilitator if isinstance(facilitator, x402Facilitator) else InThreads(facilitator)


def _routes(pay_to: str) -> dict[str, RouteConfig]:
    return {
        f"POST /{scheme}": RouteConfig(
            accepts=PaymentOption(scheme=scheme, pay_to=pay_to, price=PRICE_USD, network=NETWORK)
        )
        for scheme in ("exact", "upto")
    }


def main() -> None:
    """Serves until it is stopped."""
    port, rpc_url, key_file, pay_to, package, way = sys.argv[1:]
    facilitator = in_process(way, rpc_url, Path(key_file).read_text(encoding="ascii"))
    app = create_app(facilitator, pay_to, Path(package))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
