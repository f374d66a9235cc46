"""The pages over a made-up history, served as they are served to everybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import page_world
import uvicorn
from fastapi import FastAPI
from page_world import World

from indexer.analytics.analysis import Analysis
from indexer.database import Database
from indexer.errors import NothingIndexedError
from indexer.pages.lookups import DatabaseLookups
from indexer.pages.router import pages
from indexer.pages.source import AnalysisView

START_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Source:
    """What the pages are made from."""

    analysis: AnalysisView | None
    lookups: DatabaseLookups


def source_of(database: Database) -> Source:
    """Of an indexed database."""
    try:
        analysis: AnalysisView | None = Analysis(database)
    except NothingIndexedError:
        analysis = None
    return Source(analysis, DatabaseLookups(database, page_world.CHAIN_ID, page_world.SETTLEMENT))


def make(folder: Path, world: World) -> Source:
    """A new history in a file of SQLite."""
    database = Database(f"sqlite:///{folder}/pages.db")
    page_world.fill(database, world)
    return source_of(database)


def app_of(source: Source) -> FastAPI:
    """Only the pages."""
    app = FastAPI()
    app.include_router(pages(source))
    return app


@contextmanager
def serve(source: Source) -> Iterator[str]:
    """Serves them on a free port; gives the URL."""
    server = uvicorn.Server(uvicorn.Config(app_of(source), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_TIMEOUT_S
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (listening,) = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
