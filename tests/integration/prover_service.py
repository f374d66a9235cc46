"""A running prover service for tests, and official x402 clients that pay it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http import x402HTTPClient
from x402.http.clients import x402HttpxClient
from x402.http.utils import decode_payment_required_header
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme

from prover.app import Parts, create_app
from prover.assembly import assemble
from prover.connection import connect
from prover.settings import ProverSettings
from veritally.devnet import Devnet

IRIS_INPUT = [5.1, 3.5, 1.4, 0.2]
TIMEOUT_S = 120.0
PRICES = {"signed": 1_000, "tee": 2_000, "zkml": 10_000}
"""Base units that the iris example costs at each tier, by default."""
BODY = {"input": IRIS_INPUT}


@dataclass(frozen=True)
class RunningService:
    """A service on a port of its own."""

    url: str
    parts: Parts
    devnet: Devnet

    def infer_url(self, tier: str, model: str = "iris") -> str:
        return f"{self.url}/v1/{tier}/models/{model}/infer"

    def offers(self, tier: str) -> list[dict[str, Any]]:
        """What the prover offers for a request at a tier."""
        unpaid = httpx.post(self.infer_url(tier), json=BODY)
        required = decode_payment_required_header(unpaid.headers["PAYMENT-REQUIRED"])
        return [offer.model_dump(by_alias=True) for offer in required.accepts]

    def paying(self, payer: LocalAccount) -> x402HttpxClient:
        """The official client with its default settings, except for the time-out of HTTP."""
        return x402HttpxClient(official_client(payer), timeout=TIMEOUT_S)


def official_client(payer: LocalAccount) -> x402Client:
    client = x402Client()
    client.register("eip155:*", UptoEvmScheme(EthAccountSigner(payer)))
    return client


async def sign_payment(
    http: httpx.AsyncClient, payer: LocalAccount, url: str, extensions: dict[str, Any] | None = None
) -> dict[str, str]:
    """PAYMENT-SIGNATURE header for one request to `url`, made by the official client."""
    client = official_client(payer)
    http_client = x402HTTPClient(client)
    unpaid = await http.post(url, json={"input": IRIS_INPUT})
    required = http_client.get_payment_required_response(unpaid.headers.get, None)
    payload = await client.create_payment_payload(required)
    if extensions is not None:
        payload = payload.model_copy(update={"extensions": extensions})
    return http_client.encode_payment_signature_header(payload)


async def pay_all_tiers(service: RunningService, payer: LocalAccount) -> dict[str, httpx.Response]:
    async with service.paying(payer) as client:
        responses = await asyncio.gather(
            *(client.post(service.infer_url(tier), json=BODY) for tier in PRICES)
        )
    return dict(zip(PRICES, responses, strict=True))


def cache_dir() -> Path:
    """Circuits are kept between test runs: making one costs half a minute."""
    return Path(__file__).parents[2] / ".toolchain" / "prover-cache"


def service_settings(devnet: Devnet, folder: Path, **values: Any) -> ProverSettings:
    devnet.deployment.save(folder / "deployment.json")
    return ProverSettings.model_validate(
        {
            "rpc_url": devnet.rpc_url,
            "deployment": folder / "deployment.json",
            "raw_key_file": _key_file(folder / "prover.key", devnet.accounts.prover),
            "state_dir": folder,
            "enclave_driver": "software",
            "cache_dir": cache_dir(),
            **values,
        }
    )


def environment(devnet: Devnet, folder: Path, **values: str) -> dict[str, str]:
    """The same settings as environment variables."""
    settings = service_settings(devnet, folder)
    names = ("rpc_url", "state_dir", "deployment", "raw_key_file", "enclave_driver", "cache_dir")
    chosen = {name: str(getattr(settings, name)) for name in names} | values
    return {f"VERITALLY_PROVER_{name.upper()}": value for name, value in chosen.items()}


@contextmanager
def run_service(
    devnet: Devnet, folder: Path, change: Callable[[Parts], Parts] = lambda parts: parts, **values: Any
) -> Iterator[RunningService]:
    settings = service_settings(devnet, folder, **values)
    parts = change(assemble(settings, connect(settings), progress=print))
    config = uvicorn.Config(create_app(parts), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield RunningService(_await_url(server), parts, devnet)
    finally:
        server.should_exit = True
        thread.join(timeout=30)


_settled_before = 0


def count_from_here(devnet: Devnet) -> None:
    """Lets `settled_count` begin at zero. A service that runs on cannot have its chain turned back."""
    global _settled_before
    _settled_before = 0
    _settled_before = settled_count(devnet)


def settled_count(devnet: Devnet) -> int:
    """Inferences that were settled since the test began."""
    settlement = devnet.chain.contract("Settlement", devnet.deployment.settlement)
    return int(settlement.functions.nextSeq().call()) - _settled_before


def reason_of_402(response: httpx.Response) -> str:
    """Error in the PAYMENT-REQUIRED header of a refused payment."""
    return decode_payment_required_header(response.headers["PAYMENT-REQUIRED"]).error or ""


def _key_file(path: Path, account: LocalAccount) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(account.key.hex())
    return path


def _await_url(server: uvicorn.Server) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if server.started:
            port = server.servers[0].sockets[0].getsockname()[1]
            return f"http://127.0.0.1:{port}"
        time.sleep(0.01)
    raise TimeoutError("the service did not start")
