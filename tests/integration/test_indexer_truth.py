"""Several endpoints, repairs and `verify` with the real contracts on a real chain."""

from __future__ import annotations

import json
import sqlite3
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from test_indexer_settlement import free_receipts, settle, settle_examples, signed_group

from indexer.database import Database
from indexer.endpoints import Endpoints
from indexer.sync import Indexer
from indexer.verification import require_verified
from veritally.devnet import Devnet
from veritally.tiers import Tier

Alter = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@contextmanager
def lying_node(devnet: Devnet, alter: Alter) -> Iterator[str]:
    """The chain's node, seen through somebody who alters the logs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = {"content-type": "application/json"}
            with urllib.request.urlopen(urllib.request.Request(devnet.rpc_url, body, head)) as answer:
                answers = json.loads(answer.read())
            by_id = {request["id"]: request["method"] for request in json.loads(body)}
            for one in answers:
                if by_id[one["id"]] == "eth_getLogs" and "result" in one:
                    one["result"] = alter(one["result"])
            content = json.dumps(answers).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def without_first(signature: str) -> Alter:
    topic = "0x" + keccak(text=signature).hex()

    def alter(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        hidden = [log for log in logs if log["topics"][0] == topic][:1]
        return [log for log in logs if log not in hidden]

    return alter


LIES = [
    without_first("InferenceSettled(bytes32,address,uint8,bytes32,address,address,bytes32,bytes32,uint256)"),
    without_first("GroupSettled(bytes32,bytes32,address,bytes4,uint8,uint32,uint32,uint8,bytes32)"),
    lambda logs: logs[: len(logs) // 2],
]


def indexer_of(devnet: Devnet, path: Path, *urls: str, most_blocks: int = 1000) -> Indexer:
    database = Database(f"sqlite:///{path}")
    indexer = Indexer(Endpoints.of_urls(urls), database, devnet.deployment, most_blocks)
    indexer.open()
    return indexer


def rows(path: Path, statement: str) -> list[Any]:
    with sqlite3.connect(path) as database:
        return database.execute(statement).fetchall()


def mine(devnet: Devnet, blocks: int) -> None:
    devnet.chain.w3.provider.make_request("anvil_mine", [hex(blocks)])


@pytest.mark.parametrize("most_blocks", [1, 7, 1000])
def test_digest_does_not_depend_on_ranges(devnet: Devnet, tmp_path: Path, most_blocks: int) -> None:
    settle_examples(devnet)
    mine(devnet, 70)
    digests = set()
    for size in (most_blocks, 100):
        indexer = indexer_of(devnet, tmp_path / f"{size}.db", devnet.rpc_url, most_blocks=size)
        assert indexer.sync_once().inferences == 5
        found = indexer.verifier.verify()
        require_verified(found)
        assert (found.events["inference"], found.endpoints[0].counters) == (5, "match")
        digests.add(found.digest)
        require_verified(indexer.verifier.verify(devnet.deployment.first_block))
    assert len(digests) == 1


@pytest.mark.parametrize("lie", LIES)
def test_lying_endpoint_beside_an_honest_one(devnet: Devnet, tmp_path: Path, lie: Alter) -> None:
    settle_examples(devnet)
    mine(devnet, 70)
    path = tmp_path / "indexer.db"
    with lying_node(devnet, lie) as bad:
        indexer = indexer_of(devnet, path, bad, devnet.rpc_url)
        assert indexer.sync_once().inferences == 5
    assert rows(path, "SELECT kind, endpoint, resolved FROM incident") == [("endpoint", bad, 1)]
    honest = indexer_of(devnet, path, devnet.rpc_url)
    require_verified(honest.verifier.verify())


def test_rows_that_are_lost_are_repaired(devnet: Devnet, tmp_path: Path) -> None:
    """Found by the counters that the contract had at older blocks."""
    settle_examples(devnet)
    mine(devnet, 70)
    path = tmp_path / "indexer.db"
    indexer_of(devnet, path, devnet.rpc_url).sync_once()
    good = indexer_of(devnet, path, devnet.rpc_url).verifier.verify().digest
    ((block,),) = rows(path, "SELECT id >> 20 FROM inference WHERE seq = 2")
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM inference WHERE seq = 2")
        database.execute("UPDATE rollup SET inferences = inferences - 1 WHERE tier = 2")
    settle(devnet, signed_group(devnet, Tier.SIGNED, free_receipts(77)))
    indexer = indexer_of(devnet, path, devnet.rpc_url)
    assert indexer.sync_once().inferences == 1
    statement = "SELECT kind, first_block, last_block, resolved FROM incident"
    assert rows(path, statement) == [("rows", block, block, 1)]
    (final,) = rows(path, "SELECT block FROM verification")
    found = indexer.verifier.verify(final[0])
    assert (found.match, found.digest) == (True, good)
