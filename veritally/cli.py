"""The command `veritally`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from veritally.cli_attestation import attestation
from veritally.cli_deployment import deploy, deployment
from veritally.cli_receipt import receipt
from veritally.devnet import Devnet, start_devnet
from veritally.errors import CommandError, CommandMissingError
from veritally.plugins import load_group

_ANY_ARGUMENTS: Final = {"ignore_unknown_options": True, "allow_extra_args": True}

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


app.command()(deploy)
app.add_typer(deployment, name="deployment")
app.add_typer(attestation, name="attestation")
app.add_typer(receipt, name="receipt")


def _add_group(name: str) -> None:
    """Adds a group that another package brings, or a command that says why it cannot be used."""
    try:
        app.add_typer(load_group(name), name=name)
    except CommandMissingError as error:
        app.command(name, help="Not installed.", add_help_option=False, context_settings=_ANY_ARGUMENTS)(
            _refusing(error)
        )


def _refusing(error: CommandMissingError) -> Callable[[], None]:
    def refuse() -> None:
        raise error

    return refuse


_add_group("model")


@app.callback()
def veritally() -> None:
    """Tools of the Veritally SDK."""


@app.command()
def devnet(
    output: Annotated[Path, typer.Option(help="File to write the contract addresses to.")] = Path(
        "deployment.json"
    ),
    port: Annotated[int, typer.Option(help="TCP port of the RPC; 0 chooses a free one.")] = 0,
    keys: Annotated[
        Path | None, typer.Option(help="Folder to write the public TEST keys to, one file per role.")
    ] = None,
) -> None:
    """Runs a development chain with USDC, Permit2 and our contracts until Ctrl-C."""
    with start_devnet(port=port, progress=typer.echo) as running:
        _save(running, output, keys)
        typer.echo(_summary(running, output))
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("stopped")


def _save(running: Devnet, output: Path, keys: Path | None) -> None:
    try:
        running.deployment.save(output)
        if keys is not None:
            running.accounts.write_key_files(keys)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {error.filename}: {error.strerror}") from None


def _summary(running: Devnet, output: Path) -> str:
    deployed = running.deployment.contracts
    contracts = {"usdc": running.usdc} | {name: contract.address for name, contract in deployed.items()}
    accounts = running.accounts.by_name()
    lines = ["", f"RPC URL  {running.rpc_url}", "", f"Contracts (in {output})"]
    lines += [f"  {name:28}{value}" for name, value in contracts.items()]
    lines += ["", "Funded TEST accounts; the keys are public: anvil's published test mnemonic, by index"]
    lines += [
        f"  {name:28}{account.address}  index {i}" for i, (name, account) in enumerate(accounts.items())
    ]
    return "\n".join([*lines, "", "Running until Ctrl-C."])


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: expected errors end the command with one line and their exit code."""
    try:
        app(args=arguments)
    except CommandError as error:
        typer.echo(f"veritally: {error}", err=True)
        raise SystemExit(error.exit_code) from None
