"""The commands `veritally model …`, which the program `veritally` finds by an entry point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from prover.model_check import compare, expected_of, show_model
from prover.model_check import reproduce as build_anew
from prover.model_register import register_package
from prover.model_table import frontier_table
from prover.prove_cli import prove_command
from prover.registration import Registrar
from prover.srs_cli import fetch_srs_command
from prover.zkml.archive import package_folder
from prover.zkml.build import BuildRequest, build, name_of
from prover.zkml.built_package import BuiltPackage, write_archived, write_package
from prover.zkml.errors import ModelMismatchError
from prover.zkml.ezkl_process import raise_if_disk_full
from prover.zkml.frontier import Preference
from prover.zkml.inputs import InputBinding
from prover.zkml.package import MAX_BATCH_SIZE
from prover.zkml.srs import require_srs_for
from veritally.chain import Chain
from veritally.cli_options import KeyFile, Keystore, PasswordFile, RpcUrl, load_account, read_id
from veritally.deployment import Deployment
from veritally.deployment_check import Check
from veritally.tables import print_whole

model = typer.Typer(no_args_is_help=True, help="Provable models: build, register and check them.")

Package = Annotated[Path, typer.Argument(help="Folder or .tar that `veritally model build` wrote.")]
ModelId = Annotated[str, typer.Argument(help="Id of the model, 0x and 64 hex digits.")]
DeploymentFile = Annotated[Path, typer.Option("--deployment", help="Deployment file of the chain.")]
Srs = Annotated[Path | None, typer.Option(help="SRS file. [default: a development SRS, made in the cache]")]
Cache = Annotated[Path, typer.Option(help="Folder for circuits and SRS files.")]


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
    batch_sizes: Annotated[
        str | None,
        typer.Option(help="Inferences in one proof, as 1,4,16. [default: those of 1,4,16 that can be had]"),
    ] = None,
    inputs: Annotated[
        InputBinding | None,
        typer.Option(help="How a proof names its inputs. [default: what costs less gas]"),
    ] = None,
    tar: Annotated[bool, typer.Option("--tar", help="Write one file instead of a folder.")] = False,
    srs: Srs = None,
    cache: Cache = Path(".veritally-cache"),
) -> None:
    """Finds the best circuits for a network and writes a package with verifiers that can be deployed.

    Proves nothing: cost and accuracy are predicted. After an interruption it goes on where it stopped.

    Example: veritally model build model.onnx --sample data.json --prefer gas
    """
    request = BuildRequest(
        network=network,
        sample=sample,
        name=name_of(network.with_stem(name or network.stem)),
        version=version,
        preference=prefer,
        max_error=max_error,
        srs=srs,
        batch_sizes=_read_sizes(batch_sizes),
        inputs=inputs,
    )
    with _naming_files():
        built = build(request, cache, typer.echo)
        print_whole(frontier_table(built), Console())
        written = write_archived(built, out) if tar else write_package(built, out).path
    typer.echo(f"written to {written}")
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
    """Registers a built model: deploys its verifiers, which must accept a proof and refuse changed ones.

    Does the same with the accumulators, by which several proofs are verified together.

    Example: veritally model register packages/iris-… --rpc-url http://127.0.0.1:8545
    --deployment deployment.json --key-file owner.key
    """
    deployed, chain = Deployment.load(deployment), Chain.connect(rpc_url)
    with _naming_files(), package_folder(package) as folder:
        built = BuiltPackage.load(folder)
        require_srs_for(chain.chain_id, built.manifest["development_srs"], built.name)
        account = load_account(chain.chain_id, keystore, password_file, key_file)
        registrar = Registrar(chain, deployed, account, typer.echo)
        register_package(registrar, built, srs, cache, typer.echo)


@model.command()
def show(model_id: ModelId, rpc_url: RpcUrl, deployment: DeploymentFile) -> None:
    """Shows what the chain says of a model, as JSON.

    Example: veritally model show 0x… --rpc-url http://127.0.0.1:8545 --deployment deployment.json
    """
    described = show_model(Chain.connect(rpc_url), Deployment.load(deployment), read_id(model_id))
    typer.echo(json.dumps(described, indent=2))


@model.command()
def verify(model_id: ModelId, package: Package, rpc_url: RpcUrl, deployment: DeploymentFile) -> None:
    """Compares a model on the chain with a built package. Exit code 0: the same; 1: not.

    Takes the package's word for its verifiers; `veritally model reproduce` does not.

    Example: veritally model verify 0x… packages/iris-… --rpc-url http://127.0.0.1:8545
    --deployment deployment.json
    """
    with package_folder(package) as folder:
        expected = expected_of(BuiltPackage.load(folder))
    chain, deployed, wanted = Chain.connect(rpc_url), Deployment.load(deployment), read_id(model_id)
    _require_same(wanted, compare(chain, deployed, wanted, expected))


@model.command()
def reproduce(
    model_id: ModelId,
    package: Package,
    srs: Annotated[
        list[Path],
        typer.Option(help="SRS file of the build; repeat it where circuits have several."),
    ],
    rpc_url: RpcUrl,
    deployment: DeploymentFile,
) -> None:
    """Builds verifying keys and verifiers anew from the network, and compares them with the chain.

    Exit code 0: the verifier is the model; 1: it is not.

    Example: veritally model reproduce 0x… packages/iris-… --srs kzg13.srs
    --rpc-url http://127.0.0.1:8545 --deployment deployment.json
    """
    chain, deployed, wanted = Chain.connect(rpc_url), Deployment.load(deployment), read_id(model_id)
    with package_folder(package) as folder:
        expected = build_anew(BuiltPackage.load(folder), srs, typer.echo)
    _require_same(wanted, compare(chain, deployed, wanted, expected))


def _read_sizes(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = text.split(",")
    sizes = tuple(sorted({int(part) for part in parts if part.isdecimal()}))
    if len(sizes) != len(parts) or sizes[0] != 1 or sizes[-1] > MAX_BATCH_SIZE:
        raise typer.BadParameter(f"{text!r}: give 1 and then sizes up to {MAX_BATCH_SIZE}, such as 1,4,16")
    return sizes


@contextmanager
def _naming_files() -> Iterator[None]:
    """Turns what the system says of a file into an error that names it."""
    try:
        yield
    except OSError as error:
        raise_if_disk_full(error, "model package")
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from None


def _require_same(model_id: bytes, checks: list[Check]) -> None:
    for check in checks:
        typer.echo(f"{'ok' if check.ok else 'MISMATCH':8}  {check.subject}: {check.what} {check.found}")
    wrong = [check for check in checks if not check.ok]
    if wrong:
        raise ModelMismatchError(
            model_id, [f"{item.subject}: {item.what} is {item.found}, not {item.expected}" for item in wrong]
        )
