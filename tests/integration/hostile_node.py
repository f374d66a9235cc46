"""A node that misbehaves: a real HTTP server in front of a real one that loses, delays, doubles and lies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

KEY = "canary-0123456789abcdef"
SEND = "eth_sendRawTransaction"
RECEIPT = "eth_getTransactionReceipt"
COUNT = "eth_getTransactionCount"
BLOCK = "eth_getBlockByNumber"


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire; `body` None: the connection is closed without an answer."""

    status: int = 200
    body: bytes | None = None
    announced: int | None = None
    """Length that the header claims, when it is not the body's."""
    pause_s: float = 0.0
    """After each byte."""


Ask = Callable[[dict[str, Any]], Any]
"""Passes a request on and returns the node's whole answer."""
Fault = Callable[[dict[str, Any], Ask], Reply]


def reply(answer: object) -> Reply:
    """An answer as it should be."""
    return Reply(body=json.dumps(answer).encode())


def lose_request(_request: dict[str, Any], _ask: Ask) -> Reply:
    """The node never gets it."""
    return Reply()


def lose_answer(request: dict[str, Any], ask: Ask) -> Reply:
    """The node takes it, and nobody hears of that."""
    ask(request)
    return Reply()


def double(request: dict[str, Any], ask: Ask) -> Reply:
    """The node gets it twice; its second answer counts."""
    ask(request)
    return reply(ask(request))


def status(code: int) -> Fault:
    """An HTTP error with a page in HTML; the node never gets the request."""
    return lambda _request, _ask: Reply(code, b"<html><body>busy</body></html>")


def html(request: dict[str, Any], ask: Ask) -> Reply:
    """The node takes it, and a proxy answers with a page."""
    ask(request)
    return Reply(body=b"<!doctype html><title>Sign in</title>")


def half(request: dict[str, Any], ask: Ask) -> Reply:
    """The node takes it, and half of its answer arrives."""
    whole = json.dumps(ask(request)).encode()
    return Reply(body=whole[: len(whole) // 2], announced=len(whole))


def other_id(request: dict[str, Any], ask: Ask) -> Reply:
    """The answer to another request."""
    return reply(ask(request) | {"id": 77})


def delay(seconds: float) -> Fault:
    """The answer is late."""

    def late(request: dict[str, Any], ask: Ask) -> Reply:
        answer = ask(request)
        time.sleep(seconds)
        return reply(answer)

    return late


def result(value: object) -> Fault:
    """A lie: the node is not asked."""
    return lambda request, _ask: reply({"jsonrpc": "2.0", "id": request["id"], "result": value})


def refusal(message: str, passes_on: bool = False) -> Fault:
    """An error, true or not; the node gets the request with `passes_on`."""

    def refuse(request: dict[str, Any], ask: Ask) -> Reply:
        if passes_on:
            ask(request)
        return reply({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": message}})

    return refuse


def drip(request: dict[str, Any], ask: Ask) -> Reply:
    """The answer comes byte by byte, each of them in time."""
    return Reply(body=json.dumps(ask(request)).encode(), pause_s=0.3)


@dataclass
class _Planned:
    method: str | None
    fault: Fault
    times: int | None


class HostileNode:
    """Does what the node does, except for the faults that are planned."""

    def __init__(self, node_url: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v3/{KEY}"
        self.host = f"127.0.0.1:{port}"
        self.raw: list[str] = []
        """All signed bytes that were handed over, in hex."""
        self.methods: list[str] = []
        self.behind: int | None = None
        """The highest block that this node admits; None: it follows the chain."""
        self._http = httpx.Client(timeout=30)
        self._node_url = node_url
        self._planned: list[_Planned] = []

    def plan(self, fault: Fault, method: str | None = None, times: int | None = 1) -> None:
        """The next `times` calls of `method` go wrong; None: all of them."""
        self._planned.append(_Planned(method, fault, times))

    def heal(self) -> None:
        """From now on it is an honest node that follows the chain."""
        self._planned.clear()
        self.behind = None

    def answer(self, body: bytes) -> Reply:
        """What goes back."""
        request = json.loads(body)
        method = request["method"]
        self.methods.append(method)
        if method == SEND:
            self.raw.append(request["params"][0])
        for planned in self._planned:
            if planned.method in (None, method):
                return self._misbehave(planned, request)
        return reply(self._ask(request))

    def close(self) -> None:
        self._http.close()

    def _misbehave(self, planned: _Planned, request: dict[str, Any]) -> Reply:
        if planned.times is not None:
            planned.times -= 1
            if planned.times == 0:
                self._planned.remove(planned)
        return planned.fault(request, self._ask)

    def _ask(self, request: dict[str, Any]) -> Any:
        if self.behind is None:
            return self._pass_on(request)
        return self._answer_behind(request, self.behind)

    def _answer_behind(self, request: dict[str, Any], height: int) -> Any:
        """As a node that has not seen the blocks above `height`."""
        method, params = request["method"], list(request["params"])
        if method == BLOCK and params[0] == "latest":
            params[0] = hex(height)
        if method == COUNT and params[1] in ("latest", "pending"):
            params[1] = hex(height)
        answer = self._pass_on(request | {"params": params})
        found = answer.get("result")
        is_above = isinstance(found, dict) and (
            (method == RECEIPT and int(found["blockNumber"], 16) > height)
            or (method == BLOCK and int(found["number"], 16) > height)
        )
        return answer | {"result": None} if is_above else answer

    def _pass_on(self, request: dict[str, Any]) -> Any:
        return self._http.post(self._node_url, json=request).json()


def _parts(given: Reply) -> Iterator[bytes]:
    """A body as it is written."""
    body = given.body or b""
    if given.pause_s:
        yield from (body[index : index + 1] for index in range(len(body)))
    else:
        yield body


@contextmanager
def hostile(node_url: str) -> Iterator[HostileNode]:
    """A server in front of the node until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            given = node.answer(body)
            if given.body is None:
                self.close_connection = True
                return
            self.close_connection = given.announced is not None
            with suppress(ConnectionError):
                self.send_response(given.status)
                self.send_header("content-length", str(given.announced or len(given.body)))
                self.end_headers()
                for part in _parts(given):
                    self.wfile.write(part)
                    time.sleep(given.pause_s)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        node = HostileNode(node_url, server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield node
        finally:
            server.shutdown()
            thread.join()
            node.close()
