"""The files of the public ceremony: their table, how they are recognised, and how they are fetched."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from prover.model_cli import model
from prover.zkml import ceremony, fetch_srs
from prover.zkml.ceremony import CEREMONY_SHA256, CEREMONY_WORDS, read_file_words, srs_bytes
from prover.zkml.errors import CeremonySrsError, SrsFetchError, SrsUnreachableError
from prover.zkml.srs import FOLDER, open_srs

LOGROWS = 9


def file_with(words: tuple[int, ...], logrows: int = LOGROWS) -> bytes:
    """An SRS file that says it has this secret; its other points are noise."""
    x_imaginary, x_real, y_imaginary, y_real = words
    field_ = ceremony._FIELD
    numbers = (x_real, x_imaginary, -y_real % field_, -y_imaginary % field_)
    point = b"".join((number * 2**256 % field_).to_bytes(32, "little") for number in numbers)
    noise = hashlib.shake_256(b"points").digest(srs_bytes(logrows) - 4 - len(point))
    return logrows.to_bytes(4, "little") + noise + point


CONTENT = file_with(CEREMONY_WORDS)
"""Stands in for the ceremony's file, which cannot be had without its server."""


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has the checksum of the stand-in."""
    monkeypatch.setitem(CEREMONY_SHA256, LOGROWS, hashlib.sha256(CONTENT).hexdigest())  # type: ignore[arg-type]


@dataclass
class Server:
    """A real HTTP server with one file."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 200
    sends: int | None = None
    """Bytes after which it hangs up; None for all."""
    states_length: bool = True
    knows_ranges: bool = True
    asked: list[str | None] = field(default_factory=list)
    """The range of each request."""


@pytest.fixture
def server() -> Iterator[Server]:
    content = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            content.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            start = start if content.knows_ranges else 0
            body, size = content.content[start:], len(content.content)
            self.send_response(206 if start and content.status == 200 else content.status)
            if content.states_length:
                self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            self.wfile.write(body[: content.sends])

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    content.url = f"http://127.0.0.1:{http.server_port}/kzg{{logrows}}.srs"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield content
    http.shutdown()
    http.server_close()


def fetch(folder: Path, url: str) -> Result:
    arguments = ["fetch-srs", "--logrows", str(LOGROWS), "--out", str(folder), "--url", url]
    return CliRunner().invoke(model, arguments)


def test_table_is_the_one_in_ezkl() -> None:
    spec = importlib.util.find_spec("ezkl")
    assert spec is not None
    assert spec.origin is not None
    (library,) = Path(spec.origin).parent.glob("*.so")
    assert "".join(CEREMONY_SHA256.values()).encode() in library.read_bytes()
    assert list(CEREMONY_SHA256) == list(range(1, 27))
    assert CEREMONY_SHA256[1] == "cafb2aa72c200ddc4e28aacabb8066e829207e2484b8d17059a566232f8a297b"
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in CEREMONY_SHA256.values())


def test_words_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "a.srs").write_bytes(CONTENT)
    assert read_file_words(tmp_path / "a.srs") == CEREMONY_WORDS


def test_file_of_the_ceremony_must_have_its_checksum(tmp_path: Path, known: None) -> None:
    path = tmp_path / "a.srs"
    path.write_bytes(CONTENT)
    assert open_srs(path, LOGROWS).sha256 == CEREMONY_SHA256[LOGROWS]
    for position in (5, len(CONTENT) // 2, len(CONTENT) - 129):
        changed = bytearray(CONTENT)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(CeremonySrsError, match=r"damaged file of the public ceremony for 2\^9 rows"):
            open_srs(path, LOGROWS)


def test_file_with_another_secret_is_taken_as_somebody_elses(tmp_path: Path) -> None:
    path = tmp_path / "a.srs"
    path.write_bytes(file_with((1, 2, 3, 4)))
    assert open_srs(path, LOGROWS).sha256 not in CEREMONY_SHA256.values()


def test_file_is_fetched_and_not_fetched_twice(tmp_path: Path, server: Server, known: None) -> None:
    for _ in range(2):
        result = fetch(tmp_path, server.url)
        assert result.exit_code == 0, result.exception
        assert "is the file of the public ceremony" in result.output
    assert (tmp_path / f"kzg{LOGROWS}.srs").read_bytes() == CONTENT
    assert server.asked == [None]
    assert {path.name for path in tmp_path.iterdir()} == {".lock", f"kzg{LOGROWS}.srs"}


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("states_length", [True, False])
def test_download_that_broke_off_goes_on(
    tmp_path: Path, server: Server, known: None, knows_ranges: bool, states_length: bool
) -> None:
    server.knows_ranges, server.states_length, server.sends = knows_ranges, states_length, 4000
    error = fetch(tmp_path, server.url).exception
    assert isinstance(error, SrsUnreachableError)
    assert error.kept_bytes == 4000
    assert not (tmp_path / f"kzg{LOGROWS}.srs").exists()
    server.sends = None
    assert fetch(tmp_path, server.url).exit_code == 0
    assert server.asked == [None, "bytes=4000-"]
    assert (tmp_path / f"kzg{LOGROWS}.srs").read_bytes() == CONTENT


@pytest.mark.parametrize("states_length", [True, False])
def test_file_of_another_size_is_refused(
    tmp_path: Path, server: Server, known: None, states_length: bool
) -> None:
    server.content, server.states_length = CONTENT + b"0", states_length
    error = fetch(tmp_path, server.url).exception
    assert isinstance(error, SrsFetchError)
    assert re.search(r"another file: 65797 instead of 65796|more than 65,796 bytes", str(error))
    assert not (tmp_path / f"kzg{LOGROWS}.srs").exists()


def test_rest_of_another_file_is_refused(tmp_path: Path, server: Server, known: None) -> None:
    server.sends = 4000
    fetch(tmp_path, server.url)
    server.sends, server.content = None, CONTENT + b"0"
    with pytest.raises(SrsFetchError, match="bytes 4000-65796/65797 instead of bytes 4000-65795/65796"):
        fetch_srs.fetch_srs(LOGROWS, tmp_path, server.url, print)


def test_wrong_content_never_gets_the_name_and_is_thrown_away(tmp_path: Path, server: Server) -> None:
    result = fetch(tmp_path, server.url)
    assert isinstance(result.exception, SrsFetchError)
    assert f"expected {CEREMONY_SHA256[LOGROWS]}" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("status", "kind", "exit_code"), [(404, SrsFetchError, 1), (503, SrsUnreachableError, 3)]
)
def test_server_without_the_file_is_told(
    tmp_path: Path, server: Server, status: int, kind: type[SrsFetchError], exit_code: int
) -> None:
    server.status = status
    error = fetch(tmp_path, server.url).exception
    assert type(error) is kind
    assert f"the server answers {status}" in str(error)
    assert error.exit_code == exit_code


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = fetch(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}/").exception
    assert isinstance(error, SrsUnreachableError)
    assert error.exit_code == 3
    assert "cannot be reached" in str(error)


@pytest.mark.parametrize("url", ["kzg.srs", "ftp://127.0.0.1/", "http://a:b/"])
def test_text_that_is_no_address_is_told(tmp_path: Path, url: str) -> None:
    error = fetch(tmp_path, url).exception
    assert type(error) is SrsFetchError
    assert "is no address" in str(error)


def test_other_file_of_that_name_is_left_alone(tmp_path: Path, server: Server, known: None) -> None:
    (tmp_path / f"kzg{LOGROWS}.srs").write_bytes(b"mine")
    error = fetch(tmp_path, server.url).exception
    assert isinstance(error, SrsFetchError)
    assert "move it away" in str(error)
    assert (tmp_path / f"kzg{LOGROWS}.srs").read_bytes() == b"mine"
    assert server.asked == []


def test_folder_of_development_files_is_refused(tmp_path: Path, server: Server, known: None) -> None:
    (tmp_path / "development-only-k9.srs").touch()
    for folder in (tmp_path, tmp_path / FOLDER):
        error = fetch(folder, server.url).exception
        assert isinstance(error, SrsFetchError)
        assert "development SRS files" in str(error)
    assert server.asked == []


def test_folder_that_cannot_be_written_is_told(tmp_path: Path, server: Server, known: None) -> None:
    (tmp_path / "file").touch()
    error = fetch(tmp_path / "file" / "srs", server.url).exception
    assert isinstance(error, SrsFetchError)
    assert "cannot be written (Not a directory)" in str(error)


def test_progress_is_told(
    tmp_path: Path, server: Server, known: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_srs, "PROGRESS_S", -1.0)
    assert "100% of 65,796 bytes" in fetch(tmp_path, server.url).output


@pytest.mark.parametrize("logrows", ["0", "27"])
def test_size_without_a_file_is_refused(tmp_path: Path, logrows: str) -> None:
    result = CliRunner().invoke(model, ["fetch-srs", "--logrows", logrows, "--out", str(tmp_path)])
    assert result.exit_code == 2
