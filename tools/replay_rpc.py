"""Serves a made-up chain as JSON-RPC, as fast as it can: `replay_rpc.py BLOCKS` prints the port and goes on.

A node of any kind would be slower than the programs that are measured against it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from replay_chain import CHAIN_ID, FINALITY_BLOCKS, make_chain

from veritally.processes import die_with_parent


class Chain(Protocol):
    """Blocks that are made already."""

    @property
    def head(self) -> int:
        """Number of the latest block."""

    def header(self, number: int) -> bytes:
        """A block without its transactions' content."""

    def logs_between(self, first: int, last: int, addresses: Sequence[str]) -> bytes:
        """The logs of contracts (0x hex, lower case; none for all) in a range, with commas between."""

    def view(self, address: bytes, data: bytes, block: int) -> int:
        """What a contract answers after a block."""


class Node:
    """Answers requests from what is made already."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def answer(self, body: bytes) -> list[bytes]:
        """The parts of the answer to a request or a batch."""
        asked = json.loads(body)
        if not isinstance(asked, list):
            return self._one(asked)
        parts = [b"["]
        for index, request in enumerate(asked):
            parts += [b","] * (index > 0) + self._one(request)
        return [*parts, b"]"]

    def _one(self, request: dict[str, Any]) -> list[bytes]:
        head = b'{"jsonrpc":"2.0","id":%d,' % request["id"]
        try:
            result = self.result(request["method"], request.get("params") or [])
        except LookupError as error:
            return [head, b'"error":{"code":-32601,"message":%s}}' % json.dumps(str(error)).encode()]
        return [head, b'"result":', *result, b"}"]

    def result(self, method: str, params: Sequence[Any]) -> list[bytes]:
        """The parts of the result of one request; LookupError when there is no such method."""
        chain = self._chain
        if method == "eth_getLogs":
            first, last = self._number(params[0]["fromBlock"]), self._number(params[0]["toBlock"])
            logs = chain.logs_between(first, last, _listed(params[0].get("address") or []))
            return [b"[", _with_topics(logs, params[0]["topics"]) if params[0].get("topics") else logs, b"]"]
        if method == "eth_getBlockByNumber":
            number = self._number(params[0])
            if number > chain.head:
                return [b"null"]
            return [_whole(chain.header(number)) if params[1] else chain.header(number)]
        if method == "eth_blockNumber":
            return [b'"%#x"' % chain.head]
        if method == "eth_chainId":
            return [b'"%#x"' % CHAIN_ID]
        if method == "eth_call":
            address, data = (bytes.fromhex(params[0][name][2:]) for name in ("to", "data"))
            return [b'"0x%064x"' % chain.view(address, data, self._number(params[1]))]
        raise LookupError(f"no method {method}")

    def _number(self, block: str) -> int:
        named = {"latest": self._chain.head, "finalized": max(self._chain.head - FINALITY_BLOCKS, 0)}
        return named[block] if block in named else int(block, 16)


def _listed(value: str | Sequence[str]) -> list[str]:
    return [one.lower() for one in ([value] if isinstance(value, str) else value)]


def _with_topics(logs: bytes, topics: Sequence[str | list[str] | None]) -> bytes:
    """Those of the logs that have one of the wanted topics at each place."""
    wanted = [(place, _listed(some)) for place, some in enumerate(topics) if some]
    found = [
        log
        for log in json.loads(b"[%s]" % logs)
        if all(len(log["topics"]) > place and log["topics"][place] in some for place, some in wanted)
    ]
    return json.dumps(found).encode()[1:-1]


def _whole(header: bytes) -> bytes:
    """A block with its transactions, as far as anybody looks at them."""
    block = json.loads(header)
    account, nothing = block["miner"], "0x0"
    block["transactions"] = [
        {
            "hash": transaction_hash,
            "blockHash": block["hash"],
            "blockNumber": block["number"],
            "transactionIndex": hex(index),
            "from": account,
            "to": account,
            "input": "0x",
            "type": nothing,
            **dict.fromkeys(("nonce", "gas", "gasPrice", "value", "v", "r", "s"), nothing),
        }
        for index, transaction_hash in enumerate(block["transactions"])
    ]
    return json.dumps(block).encode()


async def serve(node: Node) -> None:
    """Answers on a free port of this machine, which is printed, for ever."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                parts = node.answer(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                writer.write(b"content-length: %d\r\n\r\n" % sum(map(len, parts)))
                writer.writelines(parts)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(serve(Node(make_chain(int(sys.argv[1])))))
