"""The service put together, as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from prover.books import Books
from prover.catalogue import Catalogue
from prover.door.answers import Handler
from prover.door.directory import Directory
from prover.door.door import Door, no_database, plain_error
from prover.door.offers import Menu
from prover.enclave.enclave import Enclave
from prover.jobs.store import DurableJobs
from prover.settling.settling import Settling
from prover.upstream.client import UpstreamClient
from prover.workers.desk import ProofDesk
from veritally.chain import Chain
from veritally.transactions.errors import DatabaseError

DRAIN_S = 20.0
"""Seconds for which a service that is stopped waits for its last blocks."""


@dataclass(frozen=True)
class Parts:
    """What the service is put together from."""

    chain: Chain
    rpc_urls: Sequence[str]
    """Nodes that payments are checked with: the first that answers."""
    catalogue: Catalogue
    handlers: Sequence[Handler]
    menu: Menu
    books: Books
    jobs: DurableJobs
    settling: Settling
    proofs: ProofDesk
    upstreams: Sequence[UpstreamClient]
    """Connections to language models."""
    enclaves: Mapping[str, Enclave]
    """By model."""

    def close(self) -> None:
        """Settles what waits, as far as that is possible in `DRAIN_S`, and closes the books."""
        self.settling.drain(DRAIN_S)
        self.settling.stop()
        self.jobs.close()
        self.books.close()


def create_app(parts: Parts) -> Starlette:
    """The application. It settles from its start to its end."""
    directory = Directory(parts.handlers, parts.menu, parts.catalogue.decimals)
    door = Door(parts.chain, directory, parts.menu, parts.jobs, parts.rpc_urls)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        parts.settling.start()
        parts.proofs.start()
        await door.desk.resume(parts.jobs.unfinished(), directory)
        yield
        await asyncio.to_thread(parts.proofs.close)
        await door.desk.close()
        for upstream in parts.upstreams:
            await upstream.close()
        await asyncio.to_thread(parts.close)

    handlers = {HTTPException: plain_error, DatabaseError: no_database}
    app = Starlette(routes=door.routes(), lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app
