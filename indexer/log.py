"""The log: one line per event on stderr, for people or as JSON."""

from __future__ import annotations

import sys
from typing import Any, Literal

import structlog


def configure(form: Literal["console", "json"]) -> None:
    """Sets the form of the log for the whole process."""
    is_json = form == "json"
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0),
    ]
    structlog.configure(processors, logger_factory=_make_logger, cache_logger_on_first_use=False)


def logger(**values: object) -> structlog.typing.FilteringBoundLogger:
    """A log whose lines all bear these values."""
    found: structlog.typing.FilteringBoundLogger = structlog.get_logger().bind(**values)
    return found


def _make_logger(*_: object) -> structlog.PrintLogger:
    """Prints to what is stderr now: a progress bar takes it over for its time."""
    return structlog.PrintLogger(sys.stderr)
