"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

RpcUrl = Annotated[str | None, typer.Option(help="JSON-RPC of a node. [default: http://127.0.0.1:8545]")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="SQLAlchemy URL without a password. [default: sqlite:///veritally-indexer.db]"),
]
