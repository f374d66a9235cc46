"""`/metrics` for Prometheus, `/healthz` (does it move?) and `/readyz` (is everything current?) over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from indexer.errors import SettingsError
from indexer.standing import Health

_TIMEOUT_S = 10.0


@contextmanager
def serve_metrics(health: Health, host: str, port: int) -> Iterator[str]:
    """Serves until the context ends; gives the URL.

    Raises:
        SettingsError: the port cannot be opened.
    """
    try:
        server = _Server((host, port), _Handler)
    except OSError as error:
        raise SettingsError(
            f"--metrics-port {port}", f"cannot be opened on {host}: {error.strerror}"
        ) from None
    server.health = health
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    health: Health


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """Answers one of the three paths."""
        health = self.server.health
        if self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
        elif self.path == "/healthz":
            self._say(health.is_alive, {"alive": health.is_alive})
        elif self.path == "/readyz":
            self._say(health.is_ready, {"ready": health.is_ready, "deployments": _deployments(health)})
        else:
            self._answer(404, "text/plain", b"not found; there are /metrics, /healthz and /readyz\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: probes come every few seconds."""

    def _say(self, is_good: bool, content: dict[str, Any]) -> None:
        self._answer(200 if is_good else 503, "application/json", json.dumps(content).encode() + b"\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _deployments(health: Health) -> list[dict[str, Any]]:
    return [
        {
            "chain_id": standing.chain_id,
            "settlement": standing.settlement,
            "lag_blocks": standing.lag_blocks,
            "lag_s": standing.lag_s(),
            "waiting": standing.waiting or None,
        }
        for standing in health.standings
    ]
