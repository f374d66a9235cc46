"""The proxy: a node that passes requests on and misbehaves while it is told to."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR

from indexer.chaos.fault import Ask, Call, Fault, Json, Reply
from indexer.chaos.upstream import UpstreamError
from indexer.chaos.views import HeightView, final_of, head_of


class FaultyNode:
    """In front of a node that `ask` reaches."""

    def __init__(self, ask: Ask, faults: Sequence[Fault] = (), seed: int = 1, rate: float = 1.0) -> None:
        """`rate` is the share of calls that are hit."""
        self.faults = list(faults)
        self.is_faulty = True
        self.view: HeightView | None = None
        """What it honestly shows of the chain; None: all of it."""
        self._node = ask
        self._seed = seed
        self._rate = rate
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def hide_blocks(self, blocks: int) -> None:
        """Shows the chain as it was when it was that many blocks shorter than it is."""
        head = head_of(self._node)
        self.view = HeightView(head - blocks, head - final_of(self._node)) if blocks else None

    def answer(self, body: bytes) -> Reply:
        """What goes back for the body of a call."""
        try:
            asked = json.loads(body)
            batch = asked if isinstance(asked, list) else [asked]
            call = Call(batch, self._chance(body))
            call.requests[0]["method"]
        except (ValueError, LookupError, TypeError):
            return Reply(
                b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON-RPC request"}}', 400
            )
        try:
            return self._answer(call, isinstance(asked, list))
        except UpstreamError as problem:
            return Reply(str(problem).encode(), 502, "text/plain")

    def _answer(self, call: Call, is_batch: bool) -> Reply:
        hit = self.faults if self.is_faulty and call.chance.random() < self._rate else []
        ask: Ask = self._honest
        for fault in reversed(hit):
            ask = _spoilt(fault, call, ask)
        answers = ask(call.requests)
        content = answers if is_batch or len(answers) != 1 else answers[0]
        reply = Reply(json.dumps(content, separators=(",", ":")).encode())
        for fault in hit:
            reply = fault.reply(call, reply)
        return reply

    def _honest(self, requests: list[Json]) -> list[Json]:
        return self._node(requests) if self.view is None else self.view.answers(requests, self._node)

    def _chance(self, body: bytes) -> random.Random:
        with self._lock:
            self._seen[body] += 1
            return random.Random(f"{self._seed} {self._seen[body]} {body!r}")  # noqa: S311


def _spoilt(fault: Fault, call: Call, ask: Ask) -> Ask:
    return lambda requests: fault.answers(Call(requests, call.chance), ask)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, node: FaultyNode, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.node = node
        self.is_stopped = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answers a call."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        reply = self.server.node.answer(body)
        with suppress(OSError):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self._rest(reply.pause_s)
        self.close_connection = reply.is_lost or reply.then_closes
        if not reply.is_lost:
            self.send_response(reply.status)
            length = len(reply.body) if reply.announced_length is None else reply.announced_length
            headers = ("content-type", reply.content_type), ("content-length", str(length)), *reply.headers
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self._write(reply)
        if self.close_connection:
            self.connection.shutdown(SHUT_RDWR)

    def _write(self, reply: Reply) -> None:
        if not reply.pace_s:
            self.wfile.write(reply.body)
            return
        for index in range(len(reply.body)):
            self.wfile.write(reply.body[index : index + 1])
            self._rest(reply.pace_s)

    def _rest(self, seconds: float) -> None:
        if seconds and self.server.is_stopped.wait(seconds):
            raise ConnectionAbortedError

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serve(node: FaultyNode, port: int = 0) -> Iterator[str]:
    """The node's URL on this machine, until the context ends; a free port by default."""
    server = _Server(node, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.is_stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
