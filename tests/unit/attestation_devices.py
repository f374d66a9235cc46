"""Stand-ins for the devices of enclaves. Each speaks the interface of the real one."""

from __future__ import annotations

import ctypes
import errno
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path, PosixPath

import cbor2

from veritally.attestation.drivers.nsm import Message


class NitroSecureModule:
    """Takes the ioctl of `/dev/nsm`: reads the request from memory and writes the answer there.

    An answer may be a function of the request.
    """

    def __init__(self, answer: object = None, failure: OSError | None = None) -> None:
        self.requests: list[object] = []
        self._answer = answer if callable(answer) else lambda _: answer
        self._failure = failure

    def ioctl(self, descriptor: int, code: int, message: Message) -> int:
        assert descriptor > 2
        assert code == 3 << 30 | 32 << 16 | 0x0A << 8 | 0  # _IOWR(0x0A, 0, 32 bytes)
        assert ctypes.sizeof(message) == 32
        if self._failure:
            raise self._failure
        sent, sent_length, address, room = memoryview(message).cast("B").cast("Q")
        self.requests.append(cbor2.loads(ctypes.string_at(sent, sent_length)))
        given = self._answer(self.requests[-1])
        answer = given if isinstance(given, bytes) else cbor2.dumps(given)
        assert room == 0x3000 >= len(answer)
        ctypes.memmove(address, answer, len(answer))
        message.answer_length = len(answer)
        return 0


@contextmanager
def dstack_agent(
    socket: Path, status: int, answer: bytes | Callable[[dict[str, str]], bytes]
) -> Iterator[list[tuple[str, object]]]:
    """dstack's guest agent on a unix socket; gives the list of what it was asked.

    The answer may be a function of the request.
    """
    asked: list[tuple[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, json.loads(body)))
            given = answer if isinstance(answer, bytes) else answer(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(given)))
            self.end_headers()
            self.wfile.write(given)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def address_string(self) -> str:
            return "unix socket"

    with socketserver.ThreadingUnixStreamServer(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


class Configfs(PosixPath):
    """A folder as the kernel's: a new entry comes with its files, and a write makes a new quote."""

    provider = "tdx_guest"
    interference = 0
    """Writes of others between ours and our reading."""

    def quote(self, data: bytes) -> bytes:
        """What the kernel gives for 64 bytes."""
        return b"quote over " + data

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        super().mkdir(mode, parents, exist_ok)
        for name, content in (("provider", f"{self.provider}\n"), ("generation", "0\n")):
            (self / name).write_text(content)

    def write_bytes(self, data: bytes) -> int:  # type: ignore[override]
        assert self.name == "inblob"
        if len(data) != 64:
            raise OSError(errno.EINVAL, "Invalid argument")
        generation = self.parent / "generation"
        generation.write_text(f"{int(generation.read_text()) + 1 + self.interference}\n")
        PosixPath(self.parent / "outblob").write_bytes(self.quote(data))
        return len(data)

    def rmdir(self) -> None:
        for file in self.iterdir():
            file.unlink()
        super().rmdir()
