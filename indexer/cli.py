"""The command `veritally-indexer`. Exit codes: 0 done, 1 a check failed, 2 usage, 3 not ready."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from indexer import cli_chaos, cli_verify
from indexer.database import Database
from indexer.errors import IndexerError, UsageError
from indexer.follow import Stop, follow
from indexer.report import counters_line, print_table, to_csv, to_json
from indexer.rpc import JsonRpc
from indexer.settings import IndexerSettings, load_settings, require_no_password
from indexer.sync import Indexer, SyncResult
from indexer.tallies import compared, read_report, require_match
from veritally.deployment import Deployment
from veritally.errors import VeritallyError

app = typer.Typer(
    help="Indexes settled inferences and tallies them per verification tier.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

cli_chaos.register(app)

RpcUrl = Annotated[str | None, typer.Option(help="JSON-RPC of a node. [default: http://127.0.0.1:8545]")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="SQLAlchemy URL without a password. [default: sqlite:///veritally-indexer.db]"),
]


@app.command()
def sync(
    once: Annotated[bool, typer.Option("--once", help="Stop at the head instead of following it.")] = False,
    rpc_url: RpcUrl = None,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file. [default: deployment.json]")
    ] = None,
    blocks_per_request: Annotated[
        int | None, typer.Option(help="Most blocks per request and transaction. [default: 1000]")
    ] = None,
    poll_interval_s: Annotated[
        float | None, typer.Option(help="Seconds between two looks at the head. [default: 2]")
    ] = None,
) -> None:
    """Index up to the head and check the contract's counters; follow the head unless --once is given.

    Example: veritally-indexer sync --once --deployment deployment.json
    """
    require_no_password("--database-url", database_url)
    settings = load_settings(
        rpc_url=rpc_url,
        database_url=database_url,
        deployment=deployment,
        blocks_per_request=blocks_per_request,
        poll_interval_s=poll_interval_s,
    )
    with Stop.on_signals() as stop:
        synchronise = _synchroniser(settings, stop)
        synchronise()
        if not once:
            follow(synchronise, settings.poll_interval_s, stop)


@app.command()
def tallies(
    as_table: Annotated[bool, typer.Option("--table", help="Print tables (the default).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one line per tier and asset.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the contract's counters.")] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Leave out what a reorganisation may still undo.")
    ] = False,
    rpc_url: RpcUrl = None,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Which one, when the database holds several deployments.")
    ] = None,
) -> None:
    """Show how the inferences split over the tiers. The exit code is 1 when the contract counts otherwise.

    Example: veritally-indexer tallies --json
    """
    if as_table + as_json + as_csv > 1:
        raise UsageError("give only one of --table, --json and --csv")
    require_no_password("--database-url", database_url)
    settings = load_settings(rpc_url=rpc_url, database_url=database_url)
    meant = None if deployment is None else Deployment.load(deployment)
    report = read_report(Database(settings.database_url.get_secret_value()), meant, final)
    if not offline:
        report = compared(JsonRpc(settings.rpc_url), report)
    if as_json:
        typer.echo(to_json(report))
    elif as_csv:
        typer.echo(to_csv(report))
    else:
        print_table(report, Console())
    require_match(report)


cli_verify.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Ends with one sentence on stderr instead of a traceback for every error we know."""
    try:
        app(args=arguments)
    except IndexerError as error:
        _fail(str(error), error.exit_code)
    except VeritallyError as error:
        _fail(str(error), UsageError.exit_code)


def _synchroniser(settings: IndexerSettings, stop: Stop) -> Callable[[], None]:
    """A function that indexes up to the head, and reports and checks what it added."""
    database = Database(settings.database_url.get_secret_value())
    deployed = Deployment.load(settings.deployment)
    rpc = JsonRpc(settings.rpc_url)
    indexer = Indexer(rpc, database, deployed, settings.blocks_per_request)
    indexer.open()
    is_first = True

    def synchronise() -> None:
        nonlocal is_first
        result = indexer.sync_once(stop.is_set)
        if result.events or result.replaced_blocks or is_first:
            is_first = False
            typer.echo(_summary(result))
            if stop.is_set():
                return
            report = compared(rpc, read_report(database, deployed))
            require_match(report)
            typer.echo(counters_line(report))

    return synchronise


def _summary(result: SyncResult) -> str:
    if result.to_block < result.from_block:
        return f"no new blocks after block {result.to_block}"
    replaced = f", {result.replaced_blocks} blocks replaced" if result.replaced_blocks else ""
    return (
        f"blocks {result.from_block} to {result.to_block}: {result.inferences} new inferences, "
        f"{result.events} events{replaced}"
    )


def _fail(message: str, exit_code: int) -> None:
    typer.echo(f"veritally-indexer: {message}", err=True)
    sys.exit(exit_code)
