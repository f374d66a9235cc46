"""The command `veritally attestation submit-collateral`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from veritally.attestation.collateral import Collateral
from veritally.attestation.collateral_submission import Submitted, submit_collateral
from veritally.attestation.tdx_contracts import DEPLOYED_NAMES, TdxContracts
from veritally.chain import Chain
from veritally.cli_options import KeyFile, Keystore, PasswordFile, RpcUrl, load_account
from veritally.deployment import DEPLOYMENTS_FOLDER, Deployment
from veritally.deployment_check import require_contracts


def submit(
    file: Annotated[Path, typer.Argument(help="Intel's collateral for one kind of machine, JSON.")],
    rpc_url: RpcUrl,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file. [default: <chain id>.json of this package]")
    ] = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    key_file: KeyFile = None,
) -> None:
    """Stores Intel's lists on a chain: those that are newer than what it has. Anybody may.

    Exit code 0: the chain has these lists or newer ones; 1: it refuses one, or is not what the deployment
    file says; 2: unusable file; 3: the node does not answer.

    Example: veritally attestation submit-collateral collateral.json --rpc-url http://127.0.0.1:8545
    --keystore payer.json --password-file password
    """
    collateral = Collateral.load(file)
    named = Deployment.load(deployment) if deployment else None
    chain = Chain.connect(rpc_url)
    path = deployment or DEPLOYMENTS_FOLDER / f"{chain.chain_id}.json"
    deployed = named or Deployment.load(path)
    require_contracts(chain, deployed, DEPLOYED_NAMES, path)
    account = load_account(chain.chain_id, keystore, password_file, key_file)
    contracts = TdxContracts.of_deployment(chain, deployed)
    for submitted in submit_collateral(chain, contracts, collateral, account):
        typer.echo(_line(submitted))


def _line(submitted: Submitted) -> str:
    until = f"holds until {datetime.fromtimestamp(submitted.until_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if submitted.block is None:
        return f"{submitted.what:24}the chain has this one or a newer one, which {until}"
    return f"{submitted.what:24}stored in block {submitted.block} with {submitted.gas} gas, {until}"
