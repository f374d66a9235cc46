"""The command `veritally receipt check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from veritally.chain import Chain
from veritally.cli_options import RpcUrl, read_id
from veritally.deployment import Deployment
from veritally.errors import CommitmentUnavailableError, ReceiptMismatchError
from veritally.receipt_check import Answer, CommitmentFiles, check_answer

COMMITTING_CIRCUIT: Final = Path("circuits") / "1"
"""Folder in a package: only a circuit for one inference commits to its inputs."""

receipt = typer.Typer(no_args_is_help=True, help="Receipts of inferences.")


@receipt.callback()
def _group() -> None:
    """Receipts of inferences."""


@receipt.command()
def check(
    answer: Annotated[Path, typer.Argument(help="The prover's answer, JSON.")],
    request: Annotated[Path, typer.Option(help='The request, JSON {"input": [...]}.')],
    model: Annotated[str, typer.Option(help="Id of the model that was asked for, 0x and 64 hex digits.")],
    rpc_url: RpcUrl,
    deployment: Annotated[Path, typer.Option(help="Deployment file of the chain.")],
    package: Annotated[
        Path | None,
        typer.Option(help="Folder of the model's package; for circuits that commit to inputs."),
    ] = None,
    srs: Annotated[
        Path | None, typer.Option(help="SRS of that circuit, from the ceremony and not from the prover.")
    ] = None,
) -> None:
    """Recomputes what an answer claims, and looks it up on the chain. Trusts the prover in nothing.

    Exit code 0: all is as claimed; 1: it is not; 2: unusable file; 3: the node does not answer.

    Example: veritally receipt check answer.json --request request.json --model 0x…
    --rpc-url http://127.0.0.1:8545 --deployment deployment.json
    """
    claimed, deployed = Answer.load(answer, request), Deployment.load(deployment)
    checks = check_answer(Chain.connect(rpc_url), deployed, claimed, read_id(model), _files(package, srs))
    for item in checks:
        typer.echo(f"{'ok' if item.ok else 'MISMATCH':8}  {item.subject}: {item.what} {item.found}")
    wrong = [item for item in checks if not item.ok]
    if wrong:
        raise ReceiptMismatchError(
            [f"{item.subject}: {item.what} is {item.found}, not {item.expected}" for item in wrong]
        )


def _files(package: Path | None, srs: Path | None) -> CommitmentFiles | None:
    if package is None and srs is None:
        return None
    if package is None or srs is None:
        raise CommitmentUnavailableError("only one of --package and --srs is given")
    return CommitmentFiles(package / COMMITTING_CIRCUIT, srs)
