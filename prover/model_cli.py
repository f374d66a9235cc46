"""The commands `veritally model …`, which the program `veritally` finds by an entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prover.zkml.build import BuildRequest, Built, build, name_of
from prover.zkml.built_package import write_package
from prover.zkml.frontier import Option, Preference
from veritally.tables import print_whole

model = typer.Typer(no_args_is_help=True, help="Provable models: build, register and check them.")

_COLUMNS = (
    "",
    "k",
    "columns",
    "scale",
    "max error",
    "verify gas",
    "transaction gas",
    "CPU s",
    "MB",
    "contract B",
)


@model.callback()
def _group() -> None:
    """Provable models: build, register and check them."""


@model.command("build")
def build_command(
    network: Annotated[Path, typer.Argument(help="ONNX file with one input and one output.")],
    sample: Annotated[Path, typer.Option(help='JSON, {"input_data": [[values of one or more inputs]]}.')],
    out: Annotated[Path, typer.Option(help="Folder to write the package into.")] = Path("packages"),
    prefer: Annotated[Preference, typer.Option(help="What the circuit shall be best at.")] = Preference.GAS,
    max_error: Annotated[
        float | None,
        typer.Option(help="Largest error on the sample. [default: 1 % of the largest output]", min=0),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. [default: that of the file]")] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1.0.0",
    cache: Annotated[Path, typer.Option(help="Folder for circuits and SRS files.")] = Path(
        ".veritally-cache"
    ),
) -> None:
    """Finds the best circuit for a network and writes a package with a verifier that can be deployed.

    Proves nothing: cost and accuracy are predicted. After an interruption it goes on where it stopped.

    Example: veritally model build model.onnx --sample data.json --prefer gas
    """
    request = BuildRequest(
        network, sample, name_of(network.with_stem(name or network.stem)), version, prefer, max_error
    )
    built = build(request, cache, typer.echo)
    print_whole(_frontier(built), Console())
    package = write_package(built, out)
    typer.echo(f"written to {package.path}")
    if built.chosen.circuit.development_srs:
        typer.echo("made with a development SRS: for development chains only")


def _frontier(built: Built) -> Table:
    table = Table(*_COLUMNS)
    for option in built.options:
        table.add_row("chosen" if option == built.chosen else "", *_cells(option))
    return table


def _cells(option: Option) -> tuple[str, ...]:
    knobs, circuit = option.candidate.knobs, option.circuit
    return (
        str(knobs.logrows),
        str(knobs.num_inner_cols),
        str(knobs.scale),
        f"{option.candidate.max_error:.2g}",
        f"{circuit.predicted_verify_gas:,}",
        f"{option.transaction_gas:,}",
        f"{circuit.estimated_prove_cpu_s:.2f}",
        f"{circuit.estimated_prove_memory_bytes / 2**20:.0f}",
        f"{circuit.verifier_runtime_bytes:,}",
    )
