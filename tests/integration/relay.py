"""A relay in front of the development node, at a URL with an access key, which can be lost at will."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

KEY = "canary-0123456789abcdef"


class Relay:
    """Passes requests on to the node until it is lost."""

    def __init__(self, node_url: str) -> None:
        self._node_url = node_url
        self._http = httpx.Client(timeout=60)
        self._lost = False
        self._lost_at: str | None = None
        self._swallowed: str | None = None
        self._doubled: str | None = None
        self._refused: str | None = None
        self.methods: list[str] = []
        """All methods that were asked for."""

    def lose(self) -> None:
        """From now on nothing is answered."""
        self._lost = True

    def find_again(self) -> None:
        """From now on everything is answered."""
        self._lost, self._lost_at = False, None

    def lose_at(self, method: str) -> None:
        """From the next call of `method` on nothing is answered."""
        self._lost_at = method

    def swallow_answer_of(self, method: str) -> None:
        """The next call of `method` reaches the node, but its answer is lost."""
        self._swallowed = method

    def double(self, method: str) -> None:
        """Every call of `method` is passed on twice, as a relay that repeats requests does."""
        self._doubled = method

    def complain_at(self, method: str) -> None:
        """From now on calls of `method` are refused with an error that names the key."""
        self._refused = method

    def answer(self, body: bytes) -> bytes | None:
        """The node's answer to a request; None when it is lost."""
        asked = json.loads(body)
        methods = [item["method"] for item in (asked if isinstance(asked, list) else [asked])]
        self.methods += methods
        self._lost = self._lost or self._lost_at in methods
        if self._lost:
            return None
        if self._refused in methods:
            error = {"code": -32001, "message": f"key {KEY} has no access"}
            return json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}).encode()
        content = self._ask(body)
        if self._doubled in methods:
            content = self._ask(body)
        if self._swallowed in methods:
            self._swallowed = None
            return None
        return content

    def close(self) -> None:
        """Closes the connections to the node."""
        self._http.close()

    def _ask(self, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        return self._http.post(self._node_url, content=body, headers=headers).content


@contextmanager
def relayed(node_url: str) -> Iterator[tuple[str, Relay]]:
    """The URL of a relay, with its key, and the relay."""
    relay = Relay(node_url)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            content = relay.answer(body) if KEY in self.path else b"{}"
            if content is not None:
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v3/{KEY}", relay
        finally:
            server.shutdown()
            thread.join()
            relay.close()
