"""The command `veritally-indexer`. Exit codes: 0 done, 1 a check failed, 2 usage, 3 not ready."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from indexer.commands import (
    chaos,
    config,
    doctor,
    export,
    imports,
    metrics,
    report,
    run,
    serve,
    status,
    sync,
    tallies,
    verify,
)
from indexer.errors import IndexerError, UsageError
from veritally.errors import VeritallyError
from veritally.memory import collect_rarely, keep_freed_memory

app = typer.Typer(
    help="Indexes settled inferences and tallies them per verification tier.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
run.register(app)
serve.register(app)
sync.register(app)
status.register(app)
tallies.register(app)
report.register(app)
metrics.register(app)
doctor.register(app)
verify.register(app)
export.register(app)
imports.register(app)
chaos.register(app)
config.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Ends with one sentence on stderr instead of a traceback for every error we know."""
    keep_freed_memory()
    collect_rarely()
    try:
        app(args=arguments)
    except IndexerError as error:
        _fail(str(error), error.exit_code)
    except VeritallyError as error:
        _fail(str(error), UsageError.exit_code)


def _fail(message: str, exit_code: int) -> None:
    typer.echo(f"veritally-indexer: {message}", err=True)
    sys.exit(exit_code)
