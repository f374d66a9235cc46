from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from prover.operations.logs import configure_logs, progress
from prover.settings import ProverSettings

CANARY = "canary-0123456789abcdef"
PASSWORD = "a password"  # has to be written otherwise in a URL
URLS = {
    "rpc_url": f"https://rpc.example/v3/{CANARY}",
    "fallback_rpc_urls": [f"https://user-of-{CANARY}:pw-{CANARY}@b.example/?token=second-{CANARY}"],
    "database_url": f"postgresql+psycopg://prover:{quote(PASSWORD)}@db.example/prover",
}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Puts back what the logs of this process were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configure(log_format: str) -> None:
    configure_logs(ProverSettings.model_validate({**URLS, "log_format": log_format}))


def fail() -> None:
    raise ConnectionError(f"POST {URLS['rpc_url']} failed")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_log_line_shows_what_may_be_a_key(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format)
    log = logging.getLogger("any.library")
    for url in (URLS["rpc_url"], URLS["fallback_rpc_urls"][0], URLS["database_url"]):
        log.warning("asking %s", url)
        log.warning("asking", extra={"url": url, "nested": {"urls": [url, (url,)]}, "error": ValueError(url)})
        structlog.get_logger("ours").error("asked", url=url, url_bytes=url.encode())
    log.warning("no access with %s", PASSWORD)  # as a driver writes it
    try:
        fail()
    except ConnectionError:
        log.exception("it failed")
        structlog.get_logger("ours").exception("it failed")
    text = capsys.readouterr().err
    assert text.count("asking") == 6
    assert "Traceback" in text
    assert "ConnectionError" in text
    assert "no access with ***" in text
    for secret in (CANARY, PASSWORD, quote(PASSWORD)):
        assert secret not in text
    assert "rpc.example" in text


def test_json_lines_have_level_time_logger_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger("veritally.prover").info("batch sent", tx_hash="0x12", jobs=3, late=None)
    progress("a step")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert {name: first[name] for name in ("event", "level", "logger", "tx_hash", "jobs", "late")} == {
        "event": "batch sent",
        "level": "info",
        "logger": "veritally.prover",
        "tx_hash": "0x12",
        "jobs": 3,
        "late": None,
    }
    assert first["timestamp"].endswith("Z")
    assert second["event"] == "a step"


def test_talkative_libraries_log_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console")
    for name in ("httpx", "urllib3.connectionpool", "uvicorn.access"):
        logging.getLogger(name).info("a request to %s", name)
    logging.getLogger("veritally.prover").debug("detail")
    assert capsys.readouterr().err == ""
