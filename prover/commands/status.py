"""`veritally-prover status`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from prover.commands.invocation import configure
from prover.operations.errors import ServiceNotRunningError
from prover.operations.monitor import Monitor
from prover.operations.nodes import ChainWatch
from prover.operations.state_folder import ask_service
from prover.settings import ProverSettings
from prover.signer import load_prover_account
from veritally.deployment import Deployment
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.transactions import Database
from veritally.transactions.lease import Key

_PERIOD_S = 2.0
_WEI_PER_ETHER = 10**18


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(status)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Shows how things stand: requests, transactions, balance, earnings, and what is wrong.

    Asks the running service, or the database and the nodes when none runs. Exit code 0: ready; 3: not.

    Example: veritally-prover status --watch
    """
    settings = configure(context).settings
    if watch:
        _watch(settings)
        return
    standing = _standing(settings)
    if as_json:
        typer.echo(json.dumps(standing, indent=2))
    else:
        Console().print(_page(standing))
    raise typer.Exit(0 if standing["ready"] else 3)


def _watch(settings: ProverSettings) -> None:
    try:
        with Live(_page(_standing(settings)), auto_refresh=False) as live:
            while True:
                time.sleep(_PERIOD_S)
                live.update(_page(_standing(settings)), refresh=True)
    except KeyboardInterrupt:
        return


def _standing(settings: ProverSettings) -> dict[str, Any]:
    try:
        return ask_service(settings.state_dir, "GET", "/status") | {"running": True}
    except ServiceNotRunningError:
        deployment = Deployment.load(settings.deployment)
        account = load_prover_account(settings, deployment.chain_id)
        key = Key(deployment.chain_id, account.address)
        tiers = [tier for tier in SETTLED_TIERS if tier is not Tier.TEE or settings.enclave_driver]
        chain = ChainWatch(key, settings.rpc_urls, deployment, tiers)
        database = Database(settings.database)
        try:
            seen = Monitor(database, key, chain).look().to_json()
        finally:
            database.close()
        problems = ["the service is not running", *seen["problems"]]
        return seen | {"running": False, "ready": False, "problems": problems}


def _page(standing: Mapping[str, Any]) -> Group:
    word = "draining" if standing["draining"] else "ready" if standing["ready"] else "NOT READY"
    parts: list[Text | Table] = [Text(word)]
    parts += [Text(f"  {problem}") for problem in standing["problems"]]
    if standing["book"]:
        parts.append(_jobs(standing["book"]))
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in _facts(standing):
        table.add_row(name, value)
    return Group(*parts, table)


def _jobs(book: Mapping[str, Any]) -> Table:
    table = Table("requests", "number", "tiers", "oldest")
    for state, count in book["jobs"].items():
        tiers = ", ".join(f"{number} {tier}" for tier, number in book["open_jobs"].get(state, {}).items())
        oldest_s = book["oldest_s"].get(state)
        table.add_row(state, str(count), tiers, "" if oldest_s is None else f"{oldest_s:.0f} s")
    return table


def _facts(standing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    book, chain = standing["book"], standing["chain"]
    if book:
        yield "transactions in flight", f"{book['in_flight']}, oldest {book['oldest_unconfirmed_s']:.0f} s"
        yield "proofs", _counts(book["proofs"])
        earned = ", ".join(f"{amount} of {asset}" for asset, amount in book["earned_base_units"].items())
        yield "earned in the last day (base units)", earned or "0"
        yield "gas of the last day", _ether(book["gas_wei"])
        yield "not settled, by reason", _counts(book["reasons"])
    if chain:
        yield "balance", _ether(chain["balance_wei"])
        yield "latest block", f"{chain['head_number']}, {chain['head_age_s']:.0f} s old"
        yield "base fee", f"{int(chain['base_fee_wei']) / 10**9:.3g} gwei"
        yield "nodes", ", ".join(f"{host}: {problem or 'ok'}" for host, problem in chain["problems"].items())
        yield "routes", ", ".join(f"{tier}: {word}" for tier, word in chain["routes"].items())
        for model, left_s in chain["enclave_valid_s"].items():
            yield f"enclave key of {model}", f"valid for {left_s / 3600:.1f} h"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _ether(amount_wei: str) -> str:
    return f"{int(amount_wei) / _WEI_PER_ETHER:.6f} of the chain's token"
