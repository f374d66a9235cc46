"""The commands `veritally model …`, which the program `veritally` finds by an entry point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prover.model_check import compare, expected_of, show_model
from prover.model_check import reproduce as build_anew
from prover.prove_cli import prove_command
from prover.registration import Registrar
from prover.srs_cli import fetch_srs_command
from prover.zkml.build import BuildRequest, Built, build, name_of
from prover.zkml.built_package import BuiltPackage, write_package
from prover.zkml.circuit import prepare_circuit
from prover.zkml.errors import BuiltPackageError, ModelMismatchError
from prover.zkml.frontier import Option, Preference
from prover.zkml.package import ModelPackage
from prover.zkml.srs import open_srs, require_srs_for
from veritally.chain import Chain
from veritally.cli_options import KeyFile, Keystore, PasswordFile, RpcUrl, load_account
from veritally.deployment import Deployment
from veritally.deployment_check import Check
from veritally.tables import print_whole

model = typer.Typer(no_args_is_help=True, help="Provable models: build, register and check them.")

PROOF_TIMEOUT_S = 1800.0

Package = Annotated[Path, typer.Argument(help="Folder that `veritally model build` wrote.")]
ModelId = Annotated[str, typer.Argument(help="Id of the model, 0x and 64 hex digits.")]
DeploymentFile = Annotated[Path, typer.Option("--deployment", help="Deployment file of the chain.")]
Srs = Annotated[Path | None, typer.Option(help="SRS file. [default: a development SRS, made in the cache]")]
Cache = Annotated[Path, typer.Option(help="Folder for circuits and SRS files.")]

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


model.command("fetch-srs")(fetch_srs_command)


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
    srs: Srs = None,
    cache: Cache = Path(".veritally-cache"),
) -> None:
    """Finds the best circuit for a network and writes a package with a verifier that can be deployed.

    Proves nothing: cost and accuracy are predicted. After an interruption it goes on where it stopped.

    Example: veritally model build model.onnx --sample data.json --prefer gas
    """
    request = BuildRequest(
        network, sample, name_of(network.with_stem(name or network.stem)), version, prefer, max_error, srs
    )
    built = build(request, cache, typer.echo)
    print_whole(_frontier(built), Console())
    package = write_package(built, out)
    typer.echo(f"written to {package.path}")
    if built.chosen.circuit.development_srs:
        typer.echo("made with a development SRS: for development chains only")


model.command("prove")(prove_command)


@model.command()
def register(
    package: Package,
    rpc_url: RpcUrl,
    deployment: DeploymentFile,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    key_file: KeyFile = None,
    srs: Srs = None,
    cache: Cache = Path(".veritally-cache"),
) -> None:
    """Registers a built model: deploys its verifier, which must accept a proof and refuse changed ones.

    Example: veritally model register packages/iris-… --rpc-url http://127.0.0.1:8545
    --deployment deployment.json --key-file owner.key
    """
    built, deployed, chain = BuiltPackage.load(package), Deployment.load(deployment), Chain.connect(rpc_url)
    content = ModelPackage.load(package)
    require_srs_for(chain.chain_id, built.manifest["srs"]["development"], content.name)
    account = load_account(chain.chain_id, keystore, password_file, key_file)
    opened = open_srs(srs, content.knobs.logrows) if srs else None
    circuit = prepare_circuit(content, cache, typer.echo, opened)
    if circuit.vk_sha256 != expected_of(built).vk_sha256:
        raise BuiltPackageError(package, f"it was built with another SRS than {srs or f'that in {cache}'}")
    registrar = Registrar(chain, deployed, account, typer.echo)
    model_id = registrar.ensure_model(content)
    registered = registrar.ensure_circuit(model_id, circuit, PROOF_TIMEOUT_S)
    typer.echo(f"model 0x{model_id.hex()}, circuit {registered.index}, verifier {registered.verifier}")


@model.command()
def show(model_id: ModelId, rpc_url: RpcUrl, deployment: DeploymentFile) -> None:
    """Shows what the chain says of a model, as JSON.

    Example: veritally model show 0x… --rpc-url http://127.0.0.1:8545 --deployment deployment.json
    """
    described = show_model(Chain.connect(rpc_url), Deployment.load(deployment), _read_id(model_id))
    typer.echo(json.dumps(described, indent=2))


@model.command()
def verify(model_id: ModelId, package: Package, rpc_url: RpcUrl, deployment: DeploymentFile) -> None:
    """Compares a model on the chain with a built package. Exit code 0: the same; 1: not.

    Takes the package's word for its verifier; `veritally model reproduce` does not.

    Example: veritally model verify 0x… packages/iris-… --rpc-url http://127.0.0.1:8545
    --deployment deployment.json
    """
    expected = expected_of(BuiltPackage.load(package))
    chain, deployed, wanted = Chain.connect(rpc_url), Deployment.load(deployment), _read_id(model_id)
    _require_same(wanted, compare(chain, deployed, wanted, expected))


@model.command()
def reproduce(
    model_id: ModelId,
    package: Package,
    srs: Annotated[Path, typer.Option(help="SRS file with which the model was built.")],
    rpc_url: RpcUrl,
    deployment: DeploymentFile,
) -> None:
    """Builds verifying key and verifier anew from the network, and compares them with the chain.

    Exit code 0: the verifier is the model; 1: it is not.

    Example: veritally model reproduce 0x… packages/iris-… --srs kzg13.srs
    --rpc-url http://127.0.0.1:8545 --deployment deployment.json
    """
    chain, deployed, wanted = Chain.connect(rpc_url), Deployment.load(deployment), _read_id(model_id)
    expected = build_anew(BuiltPackage.load(package), srs, typer.echo)
    _require_same(wanted, compare(chain, deployed, wanted, expected))


def _read_id(text: str) -> bytes:
    try:
        model_id = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        model_id = b""
    if len(model_id) != 32:
        raise typer.BadParameter(f"{text!r} is no model id: give 0x and 64 hex digits")
    return model_id


def _require_same(model_id: bytes, checks: list[Check]) -> None:
    for check in checks:
        typer.echo(f"{'ok' if check.ok else 'MISMATCH':8}  {check.subject}: {check.what} {check.found}")
    wrong = [check for check in checks if not check.ok]
    if wrong:
        raise ModelMismatchError(
            model_id, [f"{item.subject}: {item.what} is {item.found}, not {item.expected}" for item in wrong]
        )


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
