"""One kept-alive HTTP connection. It logs nothing: URLs hold access keys, and common clients log them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

from veritally.transactions.errors import SettingError

LONGEST_ANSWER_BYTES = 64 * 2**20
_SCHEMES = {"http": 80, "https": 443}


class ExchangeError(Exception):
    """There was no whole answer. The message does not show the URL."""


class HttpConnection:
    """Posts JSON to one URL. May be used by several threads: they take turns."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """`timeout_s` limits a whole exchange.

        Raises:
            SettingError: `url` is no HTTP(S) URL.
        """
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or _SCHEMES[parts.scheme]
        except (ValueError, KeyError):
            self._host = ""
        if not self._host:
            raise SettingError("RPC URL", "is not of the form http(s)://host[:port][/path]")
        if parts.username or parts.password:
            raise SettingError("RPC URL", "user and password are not supported; use a key in the path")
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._is_secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        self._open: http.client.HTTPConnection | None = None
        self._turn = threading.Lock()

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer.

        What is posted may arrive twice, as when the server has closed the connection in the meantime.

        Raises:
            ExchangeError: no whole answer came in time.
        """
        with self._turn:
            deadline = time.monotonic() + self._timeout_s
            try:
                if self._open is not None:
                    with contextlib.suppress(ConnectionError):
                        return self._exchange(body)
                    self.close()
                    if time.monotonic() >= deadline:
                        raise TimeoutError
                return self._exchange(body)
            except ExchangeError:
                self.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise ExchangeError(type(error).__name__) from None

    def close(self) -> None:
        """Closes the connection; the next request opens another one."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        connection = self._open = self._open or self._connect()
        watch = threading.Timer(self._timeout_s, _hang_up, [connection])
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", self._target, body, {"content-type": "application/json"})
            response = connection.getresponse()
            content = response.read(LONGEST_ANSWER_BYTES + 1)
        finally:
            watch.cancel()
        if len(content) > LONGEST_ANSWER_BYTES:
            raise ExchangeError("an answer that is too long")
        return response.status, content

    def _connect(self) -> http.client.HTTPConnection:
        if not self._is_secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=context)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Ends an exchange whose parts keep coming, each of them in time."""
    with contextlib.suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
