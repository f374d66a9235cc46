"""Serves a made-up chain as JSON-RPC, as fast as it can: `replay_rpc.py BLOCKS` prints the port and goes on.

A node of any kind would be slower than the programs that are measured against it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from replay_chain import CHAIN_ID, FINALITY_BLOCKS, ReplayChain, make_chain

from veritally.processes import die_with_parent


class Node:
    """Answers requests from what is made already."""

    def __init__(self, chain: ReplayChain) -> None:
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
            result = self._result(request["method"], request.get("params") or [])
        except LookupError as error:
            return [head, b'"error":{"code":-32601,"message":%s}}' % json.dumps(str(error)).encode()]
        return [head, b'"result":', *result, b"}"]

    def _result(self, method: str, params: Sequence[Any]) -> list[bytes]:
        chain = self._chain
        if method == "eth_getLogs":
            first, last = self._number(params[0]["fromBlock"]), self._number(params[0]["toBlock"])
            logs = b",".join(filter(None, chain.logs[first : last + 1]))
            return [b"[", _with_topic(logs, params[0]["topics"]) if "topics" in params[0] else logs, b"]"]
        if method == "eth_getBlockByNumber":
            number = self._number(params[0])
            return [chain.headers[number] if number <= chain.head else b"null"]
        if method == "eth_blockNumber":
            return [b'"%#x"' % chain.head]
        if method == "eth_chainId":
            return [b'"%#x"' % CHAIN_ID]
        if method == "eth_call":
            data, block = bytes.fromhex(params[0]["data"][2:]), self._number(params[1])
            return [b'"0x%064x"' % chain.view(data, block)]
        raise LookupError(f"no method {method}")

    def _number(self, block: str) -> int:
        named = {"latest": self._chain.head, "finalized": max(self._chain.head - FINALITY_BLOCKS, 0)}
        return named[block] if block in named else int(block, 16)


def _with_topic(logs: bytes, topics: Sequence[str]) -> bytes:
    """Those of the logs whose first topic is the one that is asked for."""
    found = [log for log in json.loads(b"[%s]" % logs) if log["topics"][0] == topics[0]]
    return json.dumps(found).encode()[1:-1]


async def _serve(node: Node) -> None:
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
    asyncio.run(_serve(Node(make_chain(int(sys.argv[1])))))
