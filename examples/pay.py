"""Pays a prover for one inference with the official x402 client and prints the answer.

Usage: pay.py KEY_FILE [URL]
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
FLOWER_CM = [5.1, 3.5, 1.4, 0.2]


async def main(key_file: str, url: str = DEFAULT_URL) -> int:
    """Asks, is told the price, signs, and gets the answer."""
    payer = Account.from_key(Path(key_file).read_text(encoding="ascii").strip())
    client = x402Client()
    client.register("eip155:*", UptoEvmScheme(EthAccountSigner(payer)))
    async with x402HttpxClient(client, timeout=120) as http:
        response = await http.post(url, json={"input": FLOWER_CM})
    sys.stdout.write(json.dumps(response.json(), indent=2) + "\n")
    return 0 if response.status_code == 200 else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
