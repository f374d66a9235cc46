from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from chaos_chain import asker
from indexer_chain import RecordedChain, serve

from indexer import rpc as rpc_module
from indexer.chaos import node as chaos_node
from indexer.chaos.catalogue import FAULTS
from indexer.chaos.fault import Call, Fault, Reply
from indexer.chaos.node import FaultyNode
from indexer.errors import RpcAnswerError, RpcUnreachableError, SettingsError
from indexer.rpc import JsonRpc
from indexer.rpc_messages import Request
from indexer.wire import parse_block, parse_logs, parse_octets, parse_quantity

CHAIN_ID = Request("eth_chainId", [])
HEAD = Request("eth_blockNumber", [])


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_module, "_PAUSE_S", 0.0)


@pytest.fixture
def chain() -> RecordedChain:
    return RecordedChain()


@pytest.fixture
def url(chain: RecordedChain) -> Iterator[str]:
    with serve(chain) as url:
        yield url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_results_come_in_the_order_of_the_requests(chain: RecordedChain, url: str) -> None:
    answers = [{"id": 1, "result": "0x2"}, {"id": 0, "result": "0x1"}]
    chain.raw_answer = (200, json.dumps(answers).encode())
    assert [parse_quantity(raw) for raw in JsonRpc(url).ask([CHAIN_ID, HEAD])] == [1, 2]


def test_connection_is_kept_and_reopened(chain: RecordedChain, url: str) -> None:
    rpc = JsonRpc(url)
    rpc.ask([CHAIN_ID])
    connection = rpc._connection
    rpc.ask([CHAIN_ID])
    assert rpc._connection is connection
    assert connection is not None
    connection.sock.shutdown(socket.SHUT_RDWR)
    assert [parse_quantity(raw) for raw in rpc.ask([CHAIN_ID])] == [chain.chain_id]


def test_unreachable_node() -> None:
    port = free_port()
    with pytest.raises(RpcUnreachableError, match=rf"http://127.0.0.1:{port} .*--rpc-url"):
        JsonRpc(f"http://127.0.0.1:{port}").ask([CHAIN_ID])


def test_silent_node_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(RpcUnreachableError, match="timed out"):
            JsonRpc(f"http://127.0.0.1:{port}", timeout_s=0.05).ask([CHAIN_ID])


def test_busy_node_is_asked_again(chain: RecordedChain, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def recover(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 3:
            chain.raw_answer = None

    chain.raw_answer = (503, b"busy")
    monkeypatch.setattr(rpc_module.time, "sleep", recover)
    assert [parse_quantity(raw) for raw in JsonRpc(url).ask([CHAIN_ID])] == [chain.chain_id]
    chain.raw_answer = (503, b"busy")
    with pytest.raises(RpcUnreachableError, match="HTTP status 503"):
        JsonRpc(url).ask([CHAIN_ID])
    assert len(pauses) == 6


def test_node_says_how_long_to_wait(chain: RecordedChain, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(rpc_module.time, "sleep", pauses.append)
    with chaos_node.serve(FaultyNode(asker(chain), [FAULTS["http-429-later"].fault(None, 1)])) as url:
        for most_pause_s in (10.0, 0.5):
            monkeypatch.setattr(rpc_module, "_MOST_PAUSE_S", most_pause_s)
            with pytest.raises(RpcUnreachableError, match="HTTP status 429"):
                JsonRpc(url).ask([CHAIN_ID])
    assert pauses == [0.0, 1.0, 1.0, 0.0, 0.5, 0.5]


class Once(Fault):
    """Another fault, the first time only."""

    def __init__(self, name: str) -> None:
        super().__init__(0, 1)
        self._left = [FAULTS[name].fault(None, 1)]

    def reply(self, call: Call, reply: Reply) -> Reply:
        return self._left.pop().reply(call, reply) if self._left else reply


@pytest.mark.parametrize("name", ["half-body", "lost", "http-429", "http-500", "http-502", "http-503"])
def test_answer_that_breaks_off_is_asked_for_again(chain: RecordedChain, name: str) -> None:
    with chaos_node.serve(FaultyNode(asker(chain), [Once(name)])) as url:
        assert [parse_quantity(raw) for raw in JsonRpc(url).ask([CHAIN_ID])] == [chain.chain_id]


def test_answer_that_comes_byte_by_byte_is_given_up(chain: RecordedChain) -> None:
    """Though each byte comes in time."""
    with chaos_node.serve(FaultyNode(asker(chain), [FAULTS["drip"].fault(50, 1)])) as url:
        with pytest.raises(RpcUnreachableError, match="the answer did not end in time"):
            JsonRpc(url, timeout_s=0.2).ask([CHAIN_ID])
        assert JsonRpc(url, timeout_s=5).ask([CHAIN_ID])


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}}',
        b'[{"id":1,"result":"0x1"}]',
        b'[{"id":0}]',
        b"",
        b"\xff\xfe",
    ],
)
def test_answer_that_is_no_batch(chain: RecordedChain, url: str, body: bytes) -> None:
    chain.raw_answer = (200, body)
    with pytest.raises(RpcAnswerError, match=r"eth_chainId at the RPC .*no JSON-RPC batch"):
        JsonRpc(url).ask([CHAIN_ID])


def test_long_body_is_cut(chain: RecordedChain, url: str) -> None:
    chain.raw_answer = (200, b"<html>" + b"x" * 10_000)
    with pytest.raises(RpcAnswerError) as caught:
        JsonRpc(url).ask([CHAIN_ID])
    assert "<html>xxx" in str(caught.value)
    assert len(str(caught.value)) < 450


def test_error_of_the_node_is_shown_with_its_method(chain: RecordedChain, url: str) -> None:
    refused = {"code": -32005, "message": "query exceeds max block range 500"}
    chain.raw_answer = (400, json.dumps([{"id": 0, "error": refused}]).encode())
    with pytest.raises(
        RpcAnswerError, match=r"eth_getLogs .*error -32005: query exceeds .*--blocks-per-request"
    ):
        JsonRpc(url).ask([Request("eth_getLogs", [{}])])


def test_keys_in_the_url_are_never_shown(chain: RecordedChain, url: str) -> None:
    chain.raw_answer = (200, b"<html>unknown key s3cr3t-path-key or s3cr3t-query-key</html>")
    rpc = JsonRpc(f"{url}/v2/s3cr3t-path-key?apikey=s3cr3t-query-key")
    with pytest.raises(RpcAnswerError, match=r"unknown key \*\*\* or \*\*\*") as caught:
        rpc.ask([CHAIN_ID])
    assert "s3cr3t" not in str(caught.value)
    assert rpc.shown_url == url


def test_path_and_query_reach_the_node() -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                seen.append(connection.recv(100))
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        with pytest.raises(RpcUnreachableError):
            JsonRpc(f"http://127.0.0.1:{server.getsockname()[1]}/v2/key?a=b").ask([CHAIN_ID])
        thread.join()
    assert [line.split(b"\r\n")[0] for line in seen] == [b"POST /v2/key?a=b HTTP/1.1"] * 3


@pytest.mark.parametrize(
    "url", ["", "localhost:8545", "ftp://host", "http://", "http://host:99999", "http://user:pw@host"]
)
def test_unusable_url(url: str) -> None:
    with pytest.raises(SettingsError, match="RPC URL") as caught:
        JsonRpc(url)
    assert "pw" not in str(caught.value)


HASH = "0x" + "11" * 32
BLOCK = {"number": "0x1", "hash": HASH, "parentHash": HASH, "timestamp": "0x2", "extra": [1]}
LOG = {
    "address": "0x" + "22" * 20,
    "topics": [HASH],
    "data": "0x",
    "blockNumber": "0x1",
    "blockHash": HASH,
    "transactionHash": HASH,
    "logIndex": "0xfffff",
}


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def test_well_formed_results() -> None:
    block = parse_block(raw(BLOCK))
    assert block is not None
    assert (block.number, block.timestamp_s, block.hash) == (1, 2, b"\x11" * 32)
    assert parse_block(raw(None)) is None
    logs = parse_logs(raw([LOG]))
    (group,) = logs.groups
    assert (logs.places.tolist(), logs.removed) == ([2**21 - 1], ())
    assert (group.addresses.tobytes(), group.data.shape) == (b"\x22" * 20, (1, 0))
    assert group.block_hashes.tobytes() == group.transaction_hashes.tobytes() == b"\x11" * 32
    assert group.topics.tobytes() == b"\x11" * 32
    assert parse_octets(raw("0x0aff")) == b"\x0a\xff"


@pytest.mark.parametrize(
    ("parser", "value"),
    [
        (parse_block, BLOCK | {"hash": "0x11"}),
        (parse_block, BLOCK | {"hash": None}),
        (parse_block, BLOCK | {"number": hex(2**43)}),
        (parse_block, BLOCK | {"number": "-0x1"}),
        (parse_block, BLOCK | {"number": "0x-1"}),
        (parse_block, BLOCK | {"timestamp": "soon"}),
        (parse_block, BLOCK | {"timestamp": "12"}),
        (parse_block, []),
        (parse_logs, None),
        (parse_logs, [LOG | {"logIndex": "0x100000"}]),
        (parse_logs, [LOG | {"address": "0x22"}]),
        (parse_logs, [LOG | {"topics": ["0x11"]}]),
        (parse_logs, [LOG | {"blockNumber": None}]),
        (parse_logs, [{key: value for key, value in LOG.items() if key != "data"}]),
        (parse_octets, "0x1"),
        (parse_octets, "12"),
        (parse_quantity, {}),
    ],
)
def test_malformed_result_is_refused(parser: Callable[[msgspec.Raw], object], value: object) -> None:
    rpc = JsonRpc("http://127.0.0.1:1")
    with pytest.raises(RpcAnswerError, match=r"method_x at .*unexpected form"):
        rpc.parse("method_x", raw(value), parser)
