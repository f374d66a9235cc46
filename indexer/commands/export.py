"""`veritally-indexer export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.commands.options import Config, DatabaseUrl
from indexer.database import Database
from indexer.errors import UsageError
from indexer.recorded.summary import STATUS
from indexer.settings import load_settings, require_no_password
from veritally.deployment import Deployment

_BLOCKS_PER_FILE = 100_000


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(export)


def export(
    to: Annotated[Path | None, typer.Option("--to", help="Folder to add the new final blocks to.")] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Folder whose files are to be read and compared.")
    ] = None,
    blocks_per_file: Annotated[int, typer.Option(min=1, help="Most blocks of one file.")] = _BLOCKS_PER_FILE,
    database_url: DatabaseUrl = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Which one, when the database holds several deployments.")
    ] = None,
    config: Config = None,
) -> None:
    """Write final events as Parquet files that never change, or check such files with --check.

    Imported foreign history goes into files of its own.

    Example: veritally-indexer export --to lake
    """
    if (to is None) == (check is None):
        raise UsageError("give either --to or --check, and a folder")
    if check is not None:
        _check(check)
    elif to is not None:
        require_no_password("--database-url", database_url)
        settings = load_settings(config, database_url=database_url)
        meant = None if deployment is None else Deployment.load(deployment)
        _export(Database(settings.database_url.get_secret_value()), to, blocks_per_file, meant)


def _export(database: Database, folder: Path, blocks_per_file: int, deployment: Deployment | None) -> None:
    from indexer.export.run import export as run  # Arrow is slow to import
    from indexer.recorded.export import export_recorded

    result = run(database, folder, blocks_per_file, deployment)
    if result.files:
        typer.echo(f"up to block {result.to_block}: {_added(result.rows, result.files, result.octets)}")
    else:
        typer.echo(f"nothing new: everything up to block {result.to_block} is exported")
    recorded = export_recorded(database, folder, blocks_per_file)
    if recorded.streams:
        new = _added(recorded.rows, recorded.files, recorded.octets) if recorded.files else "nothing new"
        typer.echo(f"{STATUS}: {new}")


def _added(rows: int, files: int, octets: int) -> str:
    return f"{rows} rows in {files} new files, {octets} bytes"


def _check(folder: Path) -> None:
    from indexer.export.run import check as run
    from indexer.recorded.export import check_recorded

    verified, recorded = run(folder), check_recorded(folder)
    for entry in verified.deployments:
        rows = sum(some.rows for some in entry.ranges)
        found = f"{rows} rows up to block {entry.ranges[-1].to_block}"
        whose = f"Settlement {entry.settlement} on chain {entry.chain_id}"
        typer.echo(f"{whose}: {found} are as they were written, export digest {entry.export_digest}")
    for stream in recorded.streams:
        found = f"{stream.rows} rows up to block {stream.ranges[-1].to_block}"
        whose = f"{stream.status}, {stream.key}"
        typer.echo(f"{whose}: {found} are as they were written, export digest {stream.export_digest}")
