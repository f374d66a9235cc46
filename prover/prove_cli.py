"""The command `veritally model prove`: proofs of many inferences with a built package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from prover.errors import ProverError
from prover.packaged_circuit import prepare_packaged
from prover.zkml.archive import package_folder
from prover.zkml.built_package import BuiltPackage
from prover.zkml.circuit import Circuit
from prover.zkml.errors import ProofsMissingError
from prover.zkml.ezkl_process import raise_if_disk_full
from prover.zkml.package import ModelPackage, require_in_range
from prover.zkml.proof_pool import ProofFuture, ProofJob, ProofPool, ProofState
from prover.zkml.sample import read_sample

_REFRESH_S: Final = 0.2


def prove_command(
    package: Annotated[Path, typer.Argument(help="Folder or .tar that `veritally model build` wrote.")],
    inputs: Annotated[
        Path, typer.Option("--input", help='JSON, {"input_data": [[values of one or more inputs]]}.')
    ],
    out: Annotated[Path, typer.Option(help="File for the proofs, one JSON object in a line.")] = Path(
        "proofs.jsonl"
    ),
    srs: Annotated[
        Path | None, typer.Option(help="SRS file. [default: a development SRS, made in the cache]")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Folder for circuits and SRS files.")] = Path(
        ".veritally-cache"
    ),
    timeout_s: Annotated[
        float, typer.Option(help="Seconds after which one proof is given up.", min=0.1)
    ] = 1800.0,
) -> None:
    """Proves inferences, as many at once as the machine has cores and memory for.

    Each proof is verified, and written as soon as it is made. Those that fail are written with their error,
    and the exit code is 1.

    Example: veritally model prove packages/iris-… --input data.json
    """
    with package_folder(package) as folder:
        batches = _prepare(folder, inputs, srs, cache)
    try:
        with ProofPool() as pool, _open(out) as file:
            futures = [pool.submit(ProofJob(batch.circuit, batch.inputs, timeout_s)) for batch in batches]
            typer.echo(
                f"{len(futures)} proofs, {min(pool.workers, len(futures))} at once, "
                f"about {_left_s(futures):.0f} s",
                err=True,
            )
            failures = _collect(dict(zip(futures, batches, strict=True)), file)
    except OSError as error:
        raise_if_disk_full(error, str(out))
        raise
    typer.echo(f"written to {out}", err=True)
    if failures:
        raise ProofsMissingError(len(failures), len(futures), failures[0], out)


@dataclass(frozen=True)
class _Batch:
    """The inferences of one proof."""

    circuit: Circuit
    first: int
    """Position of the first one in the input file, from 0."""
    inputs: Sequence[Sequence[float]]


def _prepare(path: Path, inputs: Path, srs: Path | None, cache: Path) -> list[_Batch]:
    built, content = BuiltPackage.load(path), ModelPackage.load(path)
    values = read_sample(inputs, content.input_size)
    for item in values:
        require_in_range(item, *content.input_range)
    sizes = split_into_batches(len(values), [knobs.batch_size for knobs in content.circuits])
    circuits = {
        size: prepare_packaged(built, content, size, srs, cache, lambda line: typer.echo(line, err=True))
        for size in sorted(set(sizes))
    }
    firsts = accumulate(sizes, initial=0)
    return [
        _Batch(circuits[size], first, values[first : first + size])
        for first, size in zip(firsts, sizes, strict=False)
    ]


def split_into_batches(inferences: int, batch_sizes: Sequence[int]) -> list[int]:
    """The batch sizes of the proofs that cover so many inferences, with no slot left over: the largest first.

    Args:
        inferences: How many.
        batch_sizes: Those that there are circuits for; 1 is among them.
    """
    sizes: list[int] = []
    for size in sorted(batch_sizes, reverse=True):
        count, inferences = divmod(inferences, size)
        sizes += [size] * count
    return sizes


def _open(out: Path) -> TextIO:
    if out.is_file():
        raise typer.BadParameter(f"{out} is there already; move it, or name another", param_hint="--out")
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{out}: {error.strerror}", param_hint="--out") from None


def _collect(batches: dict[ProofFuture, _Batch], file: TextIO) -> list[ProverError]:
    """Writes what each proof gave as soon as it is there; returns what went wrong."""
    failures: list[ProverError] = []
    left = set(batches)
    with _bar(len(batches)) as bar:
        while left:
            wait(left, _REFRESH_S, FIRST_COMPLETED)
            done = {future for future in left if future.done()}
            left -= done
            for future in done:
                error = future.exception()
                if error is not None and not isinstance(error, ProverError):
                    raise error
                failures += [error] if error else []
                file.write(json.dumps(_to_json(batches[future], future)) + "\n")
                file.flush()
            _show(bar, list(batches), left)
    return failures


def _bar(proofs: int) -> Progress:
    """A line on the terminal; nothing where the error output is none."""
    columns = (
        TextColumn("{task.completed} of {task.total} proofs"),
        BarColumn(),
        TextColumn("{task.description}"),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task("", total=proofs)
    return bar


def _show(bar: Progress, futures: Sequence[ProofFuture], left: set[ProofFuture]) -> None:
    states = [future.progress().state for future in left]
    running = ", ".join(state for state in ProofState if state in states and state is not ProofState.WAITING)
    (task,) = bar.task_ids
    text = f"{running}; about {_left_s(left):.0f} s left"
    bar.update(task, completed=len(futures) - len(left), description=text)


def _left_s(futures: Sequence[ProofFuture] | set[ProofFuture]) -> float:
    return max((future.progress().remaining_s for future in futures), default=0.0)


def _to_json(batch: _Batch, future: ProofFuture) -> dict[str, object]:
    inferences = list(range(batch.first, batch.first + len(batch.inputs)))
    if (error := future.exception()) is not None:
        return {"inferences": inferences, "error": str(error)}
    made = future.result()
    return {
        "inferences": inferences,
        "inputs": batch.inputs,
        "outputs": [run.outputs for run in made.runs],
        "proof": f"0x{made.proof.hex()}",
        "instances": [f"0x{word:064x}" for word in made.instances],
    }
