"""dstack: TDX quotes from its guest agent, over HTTP on a unix socket."""

from __future__ import annotations

from pathlib import Path

import httpx

from veritally.attestation.drivers.driver import report_data
from veritally.attestation.errors import DeviceMissingError, DeviceRefusedError

SOCKET = Path("/var/run/dstack.sock")

_FIX = "look at the logs of dstack's guest agent"


class DstackDriver:
    """TDX quotes of a dstack application."""

    def __init__(self, socket: Path = SOCKET, timeout_s: float = 30.0) -> None:
        self._socket = socket
        self._timeout_s = timeout_s

    def attest(self, user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
        """A new quote over 64 bytes of user data. See `AttestationDriver`."""
        answer = self._ask({"report_data": report_data(user_data, nonce, public_key).hex()})
        if answer.status_code != httpx.codes.OK:
            raise DeviceRefusedError(str(self._socket), f"answered with HTTP {answer.status_code}", _FIX)
        try:
            quote = bytes.fromhex(answer.json()["quote"])
        except (ValueError, KeyError, TypeError):
            raise DeviceRefusedError(str(self._socket), "answered with no quote", _FIX) from None
        return quote

    def _ask(self, request: dict[str, str]) -> httpx.Response:
        transport = httpx.HTTPTransport(uds=str(self._socket))
        try:
            with httpx.Client(transport=transport, timeout=self._timeout_s) as client:
                return client.post("http://dstack/GetQuote", json=request)
        except httpx.ConnectError:
            fix = "run this in a dstack application that mounts the socket"
            raise DeviceMissingError(str(self._socket), fix) from None
        except httpx.HTTPError as error:
            raise DeviceRefusedError(str(self._socket), type(error).__name__, _FIX) from None
