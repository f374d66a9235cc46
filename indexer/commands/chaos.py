"""`veritally-indexer chaos`: a node that misbehaves, for any indexer, and the check of this one."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from indexer.chaos.catalogue import FAULTS, parse_fault
from indexer.chaos.check import Bench, Finding, Outcome, check_all
from indexer.chaos.fault import FaultKind
from indexer.chaos.node import FaultyNode, serve
from indexer.chaos.upstream import HttpUpstream
from indexer.commands.options import Config
from indexer.errors import SettingsError, UsageError
from indexer.follow import Stop
from indexer.settings import load_settings
from veritally.deployment import Deployment


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command()(chaos)


def chaos(
    fault: Annotated[
        list[str] | None, typer.Option(help="NAME or NAME=NUMBER; may be given several times. See --list.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(help="On 127.0.0.1. [default: a free one]", min=0, max=65535, show_default=False),
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed leads to the same faults.")] = 1,
    rate: Annotated[float, typer.Option(help="Share of the calls that are hit.", min=0.0, max=1.0)] = 1.0,
    list_: Annotated[bool, typer.Option("--list", help="List the faults.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Try this indexer against each fault (all by default).")
    ] = False,
    beside_honest: Annotated[
        bool, typer.Option("--beside-honest", help="With --check: give it an honest node as the second one.")
    ] = False,
    rpc_url: Annotated[
        str | None, typer.Option(help="JSON-RPC of the honest node. [default: http://127.0.0.1:8545]")
    ] = None,
    deployment: Annotated[
        Path | None, typer.Option(help="Deployment file, for --check. [default: deployment.json]")
    ] = None,
    config: Config = None,
) -> None:
    """Serve a node that misbehaves, to try any indexer against it; or check this one with --check.

    With --check the exit code is 1 when something was lost or changed and nothing was said. What is known to
    need another node is named, and does not count.

    Example: veritally-indexer chaos --fault dropped-block --port 8546
    """
    if list_ + check > 1:
        raise UsageError("give only one of --list and --check")
    if list_:
        width = max(map(len, FAULTS))
        typer.echo("\n".join(f"{kind.name:{width}}  {kind.described}" for kind in FAULTS.values()))
        return
    faults = [parse_fault(text) for text in fault or []]
    settings = load_settings(config, rpc_urls=rpc_url, deployments=deployment and [deployment])
    upstream = HttpUpstream(settings.rpc_urls[0])
    try:
        if check:
            tried = faults or [(kind, None) for kind in FAULTS.values()]
            deployed = Deployment.load(settings.deployments[0])
            with tempfile.TemporaryDirectory(prefix="veritally-chaos-") as folder:
                bench = Bench(upstream, deployed, Path(folder), has_honest_node=beside_honest)
                _check(bench, tried, seed)
        else:
            node = FaultyNode(upstream, [kind.fault(number, seed) for kind, number in faults], seed, rate)
            _serve(node, ", ".join(fault or ["no faults"]), port)
    finally:
        upstream.close()


def _serve(node: FaultyNode, named: str, port: int) -> None:
    try:
        with Stop.on_signals() as stop, serve(node, port) as url:
            typer.echo(f"{url} serves {named}; Ctrl-C ends it")
            stop.wait(None)
    except OSError as error:
        raise SettingsError("--port", f"{port} cannot be used ({error.strerror})") from None


def _check(bench: Bench, faults: list[tuple[FaultKind, int | None]], seed: int) -> None:
    """Prints one line for each fault."""
    width = max(len(kind.name) for kind, _ in faults)
    findings: list[Finding] = []
    for finding in check_all(bench, faults, seed):
        typer.echo(f"{finding.fault:{width}}  {finding}")
        findings.append(finding)
    outcomes = Counter(finding.outcome for finding in findings)
    lies, uncovered = outcomes[Outcome.DIFFERS], outcomes[Outcome.UNCOVERED]
    typer.echo(f"{len(findings)} faults, {lies} that changed what is stored without a word")
    if uncovered:
        typer.echo(f"{uncovered} that only another node shows, once blocks are final: see docs/verify.md")
    if lies:
        raise typer.Exit(1)
