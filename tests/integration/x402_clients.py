"""The official x402 clients of both languages, at their default settings."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from x402 import x402ClientSync
from x402.http.utils import encode_payment_signature_header
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.exact import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner, EthAccountSignerWithRPC
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentRequired

from veritally.x402 import PaymentOffer

CLIENTS = Path(__file__).parents[1] / "clients"
ANSWER_TIMEOUT_S = 60

Pay = Callable[..., dict[str, Any]]
"""An official client: takes an account and a 402 answer, with `rpc_url` when it may read the chain."""


def answer_402(*offers: PaymentOffer, extensions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of a 402 answer."""
    answer: dict[str, Any] = {
        "x402Version": 2,
        "resource": {"url": "https://prover.example/infer"},
        "accepts": [offer.as_requirements() for offer in offers],
    }
    return answer | ({"extensions": dict(extensions)} if extensions else {})


def python_client(account: LocalAccount, rpc_url: str | None = None) -> x402ClientSync:
    """The official Python client as it comes, with the schemes that the prover offers."""
    signer = EthAccountSignerWithRPC(account, rpc_url) if rpc_url else EthAccountSigner(account)
    client = x402ClientSync()
    for scheme in (UptoEvmScheme, BatchSettlementEvmScheme, ExactEvmScheme):
        client.register("eip155:*", scheme(signer))
    return client


def pay_in_python(
    account: LocalAccount, answer: Mapping[str, Any], rpc_url: str | None = None
) -> dict[str, Any]:
    """What a new Python client sends, as a server reads it from the header."""
    payload = python_client(account, rpc_url).create_payment_payload(PaymentRequired.model_validate(answer))
    return dict(json.loads(base64.b64decode(encode_payment_signature_header(payload))))


def pay_in_typescript(
    account: LocalAccount, answer: Mapping[str, Any], rpc_url: str | None = None
) -> dict[str, Any]:
    """What a new TypeScript client sends."""
    node = shutil.which("node")
    assert node is not None, "no node: install Node.js 20 or newer"
    assert (CLIENTS / "node_modules").is_dir(), "no TypeScript clients: run `make setup`"
    run = subprocess.run(
        [node, str(CLIENTS / "pay.mjs")],
        input=json.dumps(answer),
        env={**os.environ, "PAYER_KEY": "0x" + account.key.hex(), "RPC_URL": rpc_url or ""},
        capture_output=True,
        text=True,
        timeout=ANSWER_TIMEOUT_S,
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))
