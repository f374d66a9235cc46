"""The official clients of both languages, over HTTP: they ask, are asked to pay, pay, and get an answer."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from eth_account.signers.local import LocalAccount
from prover_service import BODY, TIMEOUT_S
from x402 import x402Client
from x402.http import x402HTTPClient
from x402.http.clients import x402HttpxClient
from x402.http.utils import decode_payment_required_header, decode_payment_response_header
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner, EthAccountSignerWithRPC
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import SettleResponse
from x402_clients import CLIENTS

SCHEMES: dict[str, Any] = {
    "upto": UptoEvmScheme,
    "batch-settlement": BatchSettlementEvmScheme,
    "exact": ExactEvmScheme,
}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def settled(self) -> SettleResponse:
        """What the header PAYMENT-RESPONSE says."""
        return decode_payment_response_header(self.headers["payment-response"])

    @property
    def refusal(self) -> str:
        """The code in the header PAYMENT-REQUIRED."""
        return decode_payment_required_header(self.headers["payment-required"]).error or ""


Ask = Callable[..., Awaitable[list[Reply]]]


def client_of(account: LocalAccount, scheme: str, rpc_url: str | None = None) -> x402Client:
    """The official Python client as it comes, with one scheme."""
    signer = EthAccountSignerWithRPC(account, rpc_url) if rpc_url else EthAccountSigner(account)
    client = x402Client()
    client.register("eip155:*", SCHEMES[scheme](signer))
    return client


async def ask_in_python(
    account: LocalAccount,
    url: str,
    scheme: str,
    count: int = 1,
    rpc_url: str | None = None,
    content: Any = BODY,
) -> list[Reply]:
    """Replies to requests that a new Python client sends one after the other."""
    async with x402HttpxClient(client_of(account, scheme, rpc_url), timeout=TIMEOUT_S) as http:
        return [reply_of(await http.post(url, json=content)) for _ in range(count)]


async def ask_in_typescript(
    account: LocalAccount,
    url: str,
    scheme: str,
    count: int = 1,
    rpc_url: str | None = None,
    content: Any = BODY,
) -> list[Reply]:
    """The same of a TypeScript client."""
    node = shutil.which("node")
    assert node is not None, "no node: install Node.js 20 or newer"
    run = await asyncio.to_thread(
        subprocess.run,
        [node, str(CLIENTS / "request.mjs")],
        input=json.dumps({"url": url, "content": json.dumps(content), "count": count, "scheme": scheme}),
        env={**os.environ, "PAYER_KEY": "0x" + account.key.hex(), "RPC_URL": rpc_url or ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert run.returncode == 0, run.stderr
    return [Reply(**reply) for reply in json.loads(run.stdout)]


def reply_of(response: httpx.Response) -> Reply:
    return Reply(response.status_code, response.headers, response.json())


async def sign(http: httpx.AsyncClient, client: x402Client, url: str, content: Any = None) -> dict[str, str]:
    """The header of a payment for one request, made by an official client."""
    paying = x402HTTPClient(client)
    unpaid = await http.post(url, json=content or BODY)
    required = paying.get_payment_required_response(unpaid.headers.get, None)
    return paying.encode_payment_signature_header(await client.create_payment_payload(required))
