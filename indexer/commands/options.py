"""Options that several commands share. The environment and the config file can say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RpcUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--rpc-url", help="JSON-RPC of a node; repeat it for more. [default: http://127.0.0.1:8545]"
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="SQLAlchemy URL without a password. [default: sqlite:///veritally-indexer.db]"),
]
Deployments = Annotated[
    list[Path] | None,
    typer.Option("--deployment", help="Deployment file; repeat it for more. [default: deployment.json]"),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="Config file. [default: veritally-indexer.toml, if there is one]"),
]
BlocksPerRequest = Annotated[
    int | None, typer.Option(help="Most blocks per request and transaction. [default: 1000]")
]
LogFormat = Annotated[str | None, typer.Option(help="Log as console or json. [default: console]")]
MaxLagS = Annotated[
    float | None, typer.Option(help="Seconds of lag that still count as current. [default: 60]")
]
AsTable = Annotated[bool, typer.Option("--table", help="Print text for people (the default).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
