"""`veritally-indexer import`: foreign history, recorded and unverified."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from eth_utils.address import is_address
from rich.console import Console

from indexer.commands.options import AsCsv, AsJson, AsTable, BlocksPerRequest, Config, DatabaseUrl, RpcUrls
from indexer.cursor import find_cursor
from indexer.database import Database
from indexer.errors import NothingIndexedError, SettingsError
from indexer.follow import Stop
from indexer.log import configure, logger
from indexer.nodes import connect
from indexer.pay_addresses import keep_origin
from indexer.recorded.importer import Importer, Target
from indexer.recorded.known import OPENGRADIENT_RELAYS
from indexer.recorded.opengradient import OpenGradientFinder
from indexer.recorded.report import print_table, to_csv, to_json
from indexer.recorded.rows import Finder, Kind
from indexer.recorded.summary import recorded_summary
from indexer.recorded.transfers import TransferFinder, parties_of
from indexer.recorded.x402 import X402Finder
from indexer.reporting.forms import Form, one_form
from indexer.settings import IndexerSettings, load_settings, require_no_password
from veritally.deployment import Deployment

ChainId = Annotated[int, typer.Option(help="Id of the chain; the node must serve it.", min=1)]
FromBlock = Annotated[
    int | None, typer.Option(help="First block, when the source is new. [default: 0]", min=0)
]
_TOLD_EVERY_S = 5.0

imports = typer.Typer(
    help="Record what foreign contracts say. Unverified, and counted apart.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Adds the group of commands to the program."""
    app.add_typer(imports, name="import")


@imports.command()
def opengradient(
    chain_id: ChainId,
    relay: Annotated[
        list[str] | None,
        typer.Option(help="Relay's address; repeat it for more. [default: those known on the chain]"),
    ] = None,
    from_block: FromBlock = None,
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    blocks_per_request: BlocksPerRequest = None,
    config: Config = None,
) -> None:
    """Import the settlements that relays of OpenGradient announce, up to the final block, and sum them up.

    Example: veritally-indexer import opengradient --chain-id 10740 --from-block 0
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    known = [one.address for one in OPENGRADIENT_RELAYS if one.chain_id == chain_id]
    if not relay and not known:
        raise SettingsError("--relay", f"is missing: no relay is known on chain {chain_id}")
    targets = [Target(_address("--relay", one)) for one in relay or known]
    settings = _settings(config, rpc_urls, database_url, blocks_per_request)
    _import(settings, chain_id, OpenGradientFinder(), targets, from_block)
    _show(_database(settings), form, Kind.OPENGRADIENT)


@imports.command()
def x402(
    chain_id: ChainId,
    asset: Annotated[str, typer.Option(help="The token's address.")],
    pay_to: Annotated[list[str], typer.Option(help="Who is paid; repeat it for more.")],
    from_block: FromBlock = None,
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    blocks_per_request: BlocksPerRequest = None,
    config: Config = None,
) -> None:
    """Import plain x402 payments to known addresses, up to the final block, and sum them up.

    Example: veritally-indexer import x402 --chain-id 8453 --asset 0xFbC2... --pay-to 0x9deE...
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    token = _address("--asset", asset)
    targets = [Target(token, _address("--pay-to", payee)) for payee in pay_to]
    settings = _settings(config, rpc_urls, database_url, blocks_per_request)
    _import(settings, chain_id, X402Finder(token), targets, from_block)
    _show(_database(settings), form, Kind.X402)


@imports.command()
def transfers(
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file. [default: deployment.json]")
    ] = None,
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rpc_urls: RpcUrls = None,
    database_url: DatabaseUrl = None,
    blocks_per_request: BlocksPerRequest = None,
    config: Config = None,
) -> None:
    """Import transfers from a deployment's provers back to its payers, as far as it is indexed and final.

    Example: veritally-indexer import transfers --deployment deployment.json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    settings = _settings(config, rpc_urls, database_url, blocks_per_request, deployment)
    deployed = Deployment.load(settings.deployments[0])
    settlement = bytes.fromhex(deployed.settlement[2:])
    database = _database(settings)
    database.require_existing()
    database.prepare()
    with database.writing() as session:
        cursor = find_cursor(session, deployed.chain_id, settlement)
        if cursor is None or cursor.final_block is None:
            raise NothingIndexedError(database.shown_url, final=True)
        keep_origin(session, cursor.id, deployed)
        finder = TransferFinder(parties_of(session, cursor, deployed))
    targets = [Target(settlement)]
    first = deployed.first_block
    _import(settings, deployed.chain_id, finder, targets, first, cursor.final_block)
    _show(database, form, Kind.TRANSFERS)


@imports.command()
def show(
    as_table: AsTable = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    database_url: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Sum up everything that was imported. Asks no node.

    Example: veritally-indexer import show --json
    """
    form = one_form(table=as_table, json=as_json, csv=as_csv)
    database = _database(_settings(config, None, database_url))
    database.require_existing()
    database.prepare()
    _show(database, form)


def _settings(
    config: Path | None,
    rpc_urls: list[str] | None,
    database_url: str | None,
    blocks_per_request: int | None = None,
    deployment: Path | None = None,
) -> IndexerSettings:
    require_no_password("--database-url", database_url)
    return load_settings(
        config,
        rpc_urls=rpc_urls,
        database_url=database_url,
        blocks_per_request=blocks_per_request,
        deployments=deployment and [deployment],
    )


def _database(settings: IndexerSettings) -> Database:
    return Database(settings.database_url.get_secret_value())


def _import(
    settings: IndexerSettings,
    chain_id: int,
    finder: Finder,
    targets: Sequence[Target],
    from_block: int | None,
    last_block: int | None = None,
) -> None:
    database = _database(settings)
    database.prepare()
    importer = Importer(connect(settings.rpc_urls), database, chain_id, finder, settings.blocks_per_request)
    configure(settings.log_format)
    with Stop.on_signals() as stop:
        importer.run(targets, from_block, last_block, stop.is_set, _Watch())


class _Watch:
    """Logs every few seconds how far an import is."""

    def __init__(self) -> None:
        self._told_at_s = time.monotonic()

    def __call__(self, block: int, last_block: int) -> None:
        if block < last_block and time.monotonic() - self._told_at_s >= _TOLD_EVERY_S:
            logger().info("importing", block=block, last_block=last_block)
            self._told_at_s = time.monotonic()


def _show(database: Database, form: Form, kind: Kind | None = None) -> None:
    with database.transaction() as session:
        sources = [one for one in recorded_summary(session) if kind in (None, one.kind)]
    if form is Form.TABLE:
        print_table(sources, Console())
    else:
        typer.echo(to_json(sources) if form is Form.JSON else to_csv(sources))


def _address(option: str, value: str) -> bytes:
    if not is_address(value):
        raise SettingsError(option, f"{value} is no address")
    return bytes.fromhex(value[2:])
