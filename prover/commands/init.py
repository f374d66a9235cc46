"""`veritally-prover init`."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
from eth_account import Account

from prover.config import CONFIG_FILE
from prover.config_file import config_text, write_private
from prover.operations.errors import InitFileError
from prover.settings import PREFIX
from veritally.chain import Chain
from veritally.contract_table import DEVELOPMENT_CHAIN_IDS
from veritally.deployment import DEPLOYMENTS_FOLDER
from veritally.errors import ChainUnreachableError

_KEYSTORE, _PASSWORD = "keystore.json", "keystore.password"
_DEPLOYMENT = "deployment.json"
_PASSWORD_BYTES = 32
_METRICS_PORT = 9402
_DEFAULT_URL = "http://127.0.0.1:8545"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write into.")] = Path("."),
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a key: an encrypted keystore and a password file.")
    ] = False,
    non_interactive: Annotated[
        bool, typer.Option("--non-interactive", help="Ask nothing; take the defaults.")
    ] = False,
) -> None:
    """Writes a config file with every setting and its meaning, and a new key when it is wanted.

    Asks for the node's URL unless VERITALLY_PROVER_RPC_URL is set, and for nothing that the node can tell.
    Never overwrites a file.

    Example: veritally-prover init --new-key
    """
    named = os.environ.get(f"{PREFIX}RPC_URL")
    rpc_url = named or (
        _DEFAULT_URL if non_interactive else typer.prompt("URL of the chain's node", default=_DEFAULT_URL)
    )
    chosen: dict[str, Any] = {
        "deployment": _find_deployment(folder, rpc_url),
        "state_dir": "state",
        "metrics_port": _METRICS_PORT,
    }
    if named is None:
        chosen["rpc_url"] = rpc_url
    if not (new_key or non_interactive):
        new_key = typer.confirm("Make a new key for the prover?", default=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if new_key:
            chosen |= {"keystore_file": _KEYSTORE, "keystore_password_file": _PASSWORD}
            typer.echo(f"the prover's account is {_write_key(folder)}")
        write_private(folder / CONFIG_FILE, config_text(chosen))
    except OSError as error:
        raise InitFileError(Path(error.filename or folder), error.strerror or "cannot be written") from None
    _say_next(folder)


def _find_deployment(folder: Path, rpc_url: str) -> str:
    """The deployment file of the node's chain: one in the folder, or one that comes with the program."""
    try:
        chain_id = Chain.connect(rpc_url).chain_id
    except ChainUnreachableError as error:
        typer.echo(f"the node does not answer now: {error}", err=True)
        return _DEPLOYMENT
    is_development = chain_id in DEVELOPMENT_CHAIN_IDS
    typer.echo(f"chain {chain_id}" + (", a development chain" if is_development else ""))
    shipped, own = DEPLOYMENTS_FOLDER / f"{chain_id}.json", (folder / _DEPLOYMENT).absolute()
    if shipped.is_file() and not own.is_file():
        return str(shipped)
    if not own.is_file():
        typer.echo(f"no deployment is known on this chain: put its file at {own}", err=True)
    return _DEPLOYMENT


def _write_key(folder: Path) -> str:
    """Makes a key and writes it, encrypted, with its password beside it; returns the address."""
    account, password = Account.create(), secrets.token_urlsafe(_PASSWORD_BYTES)
    write_private(folder / _PASSWORD, password + "\n")
    write_private(folder / _KEYSTORE, json.dumps(account.encrypt(password)) + "\n")
    return str(account.address)


def _say_next(folder: Path) -> None:
    file = folder / CONFIG_FILE
    typer.echo(f"written: {file}")
    typer.echo("next: look through it, send the account money for gas, then")
    option = "" if folder == Path(".") else f" --config {file}"
    typer.echo(f"  veritally-prover{option} doctor")
    typer.echo(f"  veritally-prover{option} serve")
