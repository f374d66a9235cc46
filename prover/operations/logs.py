"""Log lines, as JSON or for people. Keys in URLs are taken out of every line, whoever wrote it."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from structlog.typing import EventDict, Processor

from prover.settings import ProverSettings
from veritally.rpc_url import SHORTEST_KEY

_TALKATIVE = (
    *("alembic", "asyncio", "distributed", "httpcore", "httpx", "urllib3"),
    *("uvicorn.access", "uvicorn.error", "web3"),
)
"""Libraries whose ordinary lines tell an operator nothing."""
_MASK = "***"


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the time of the line."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure_logs(settings: ProverSettings) -> None:
    """Sends all log lines of this process to standard error, in the form that is set."""
    redact = _redactor(_secrets(settings))
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    as_json = settings.log_format == "json"
    render: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _secrets(settings: ProverSettings) -> frozenset[str]:
    """The parts of URLs that may be keys or passwords, as they are and as they are written in URLs."""
    found = {urlsplit(settings.database_url or "").password or ""}
    for parts in map(urlsplit, settings.rpc_urls):
        pieces = [*parts.path.split("/"), *parts.query.replace("=", "&").split("&"), parts.username or ""]
        found |= {piece for piece in pieces if len(piece) >= SHORTEST_KEY} | {parts.password or ""}
    return frozenset(found | {unquote(piece) for piece in found}) - {""}


def _redactor(secrets: frozenset[str]) -> Processor:
    ordered = sorted(secrets, key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in ordered:
                value = value.replace(secret, _MASK)
            return value
        if isinstance(value, dict):
            return {clean(name): clean(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        return value if isinstance(value, int | float | None) else clean(str(value))

    def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return dict(clean(event))

    return redact


def progress(line: str) -> None:
    """Tells the operator of a step at the start."""
    logging.getLogger("veritally.prover").info("%s", line)
