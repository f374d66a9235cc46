"""The commands `veritally deploy` and `veritally deployment verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from eth_account.signers.local import LocalAccount

from veritally.chain import Chain
from veritally.create2 import AccountSender
from veritally.deploy import deploy_contracts, predict
from veritally.deployment import DEPLOYMENTS_FOLDER, Deployment
from veritally.deployment_check import Check, check_deployment
from veritally.errors import DeploymentMismatchError
from veritally.keys import load_development_key, load_keystore
from veritally.plan import LONGEST_DELAY_S, DeploymentSettings
from veritally.route_setup import missing_routes

deployment = typer.Typer(no_args_is_help=True, help="Deployments and their files.")

RpcUrl = Annotated[
    str, typer.Option(envvar="VERITALLY_RPC_URL", help="Node of the chain, over HTTP. Is never shown.")
]


@deployment.callback()
def _group() -> None:
    """Deployments and their files."""


def deploy(
    rpc_url: RpcUrl,
    owner: Annotated[str, typer.Option(help="Owner of router and attestation; meant to be a timelock.")],
    guardian: Annotated[str, typer.Option(help="May stop routes besides the owner.")],
    route_delay_s: Annotated[
        int, typer.Option(min=0, max=LONGEST_DELAY_S, help="Seconds before an added route may be activated.")
    ],
    measurement_delay_s: Annotated[
        int, typer.Option(min=0, max=LONGEST_DELAY_S, help="Seconds before an accepted measurement counts.")
    ],
    development_root: Annotated[
        str | None, typer.Option(help="SHA-256 of a software root; development chains only.")
    ] = None,
    keystore: Annotated[Path | None, typer.Option(help="Encrypted keystore of the key that pays.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the keystore's password.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="Raw key in a file of mode 0600; development chains only.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write. [default: <chain id>.json in veritally/deployments]")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the addresses; needs no key.")
    ] = False,
) -> None:
    """Deploys the contracts at their fixed addresses and writes the deployment file.

    Run again, it leaves alone what is there, adds what is missing and activates routes whose delay is over.

    Example: veritally deploy --rpc-url http://127.0.0.1:8545 --owner 0x… --guardian 0x…
    --route-delay-s 259200 --measurement-delay-s 172800 --keystore deployer.json --password-file password
    """
    settings = DeploymentSettings(owner, guardian, route_delay_s, measurement_delay_s, development_root)
    chain = Chain.connect(rpc_url)
    if dry_run:
        _show_plan(chain, settings)
        return
    account = load_account(chain.chain_id, keystore, password_file, key_file)
    deployed = deploy_contracts(chain, AccountSender(chain, account), settings, typer.echo)
    path = output or DEPLOYMENTS_FOLDER / f"{chain.chain_id}.json"
    try:
        deployed.save(path)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {path}: {error.strerror}; run the command again") from None
    typer.echo(f"written to {path}")
    _show_missing_routes(chain, deployed)


@deployment.command()
def verify(
    rpc_url: RpcUrl,
    file: Annotated[
        Path | None, typer.Argument(help="Deployment file. [default: <chain id>.json of this package]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compares a chain with a deployment file. Exit code 0: the same; 1: not; 3: the node does not answer.

    Example: veritally deployment verify --rpc-url http://127.0.0.1:8545 deployment.json
    """
    expected = Deployment.load(file) if file else None
    chain = Chain.connect(rpc_url)
    path = file or DEPLOYMENTS_FOLDER / f"{chain.chain_id}.json"
    checks = check_deployment(chain, expected or Deployment.load(path))
    typer.echo(_as_json(checks) if as_json else _as_table(checks))
    if differences := [f"{_title(check)} is {check.found}, not {check.expected}" for check in _wrong(checks)]:
        raise DeploymentMismatchError(path, differences)


def load_account(
    chain_id: int, keystore: Path | None, password_file: Path | None, key_file: Path | None
) -> LocalAccount:
    """The account that the options of a command name."""
    if keystore and password_file and not key_file:
        return load_keystore(keystore, password_file)
    if key_file and not keystore and not password_file:
        return load_development_key(key_file, chain_id)
    raise typer.BadParameter("name the key by --keystore with --password-file, or by --key-file alone")


def _show_plan(chain: Chain, settings: DeploymentSettings) -> None:
    for name, (address, is_there) in predict(chain, settings).items():
        typer.echo(f"{name} {address} {'is there' if is_there else 'would be created'}")


def _show_missing_routes(chain: Chain, deployed: Deployment) -> None:
    for route in missing_routes(chain, deployed):
        typer.echo(
            f"route {route.tier.label} is missing: {deployed.owner} must send to {route.router} the calldata "
            f"0x{route.data.hex()}"
        )


def _wrong(checks: list[Check]) -> list[Check]:
    return [check for check in checks if not check.ok]


def _title(check: Check) -> str:
    return f"{check.subject}: {check.what}"


def _as_json(checks: list[Check]) -> str:
    rows = [vars(check) | {"ok": check.ok} for check in checks]
    return json.dumps({"ok": not _wrong(checks), "checks": rows}, indent=2)


def _as_table(checks: list[Check]) -> str:
    rows = [("", "subject", "check", "on the chain")]
    rows += [("ok" if c.ok else "MISMATCH", c.subject, c.what, c.found) for c in checks]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    cells = ([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]] for row in rows)
    return "\n".join("  ".join(row) for row in cells)
