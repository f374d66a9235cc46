"""Pays a prover for one inference with the official x402 client and prints the answer.

Usage: pay.py KEY_FILE [URL [REQUEST_FILE]]
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from eth_account import Account
from x402 import x402Client
from x402.http.clients import x402HttpxClient
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme

DEFAULT_URL = "http://127.0.0.1:8402/v1/zkml/models/iris/infer"
DEFAULT_REQUEST = Path(__file__).parent / "iris" / "request.json"


async def main(key_file: str, url: str = DEFAULT_URL, request_file: str | Path = DEFAULT_REQUEST) -> int:
    """Asks, is told the price, signs, and gets the answer."""
    payer = Account.from_key(Path(key_file).read_text(encoding="ascii").strip())
    client = x402Client()
    client.register("eip155:*", UptoEvmScheme(EthAccountSigner(payer)))
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    async with x402HttpxClient(client, timeout=120) as http:
        response = await http.post(url, json=request)
    sys.stdout.write(json.dumps(response.json(), indent=2) + "\n")
    return 0 if response.status_code == 200 else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        raise SystemExit(__doc__)
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
