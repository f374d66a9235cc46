"""Checks everything that a prover needs, one by one; each failure says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prover.config import Configuration
from prover.operations import checks_chain, checks_machine
from prover.operations.check import Check
from prover.settings import ProverSettings
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.errors import CommandError


@dataclass(frozen=True)
class _Named:
    name: str
    run: Callable[[], Iterator[Check]]


def examine(configuration: Configuration) -> Iterator[Check]:
    """Every check in turn. One that cannot be made because another failed is left out."""
    settings = configuration.settings
    file = f"settings from {configuration.file}" if configuration.file else "no config file"
    yield Check("settings", True, file)
    yield from _each(_local(settings))
    deployment = _try_load(settings)
    if isinstance(deployment, Check):
        yield deployment
        return
    yield Check("deployment", True, f"chain {deployment.chain_id}, Settlement {deployment.settlement}")
    nodes = list(checks_chain.nodes(settings, deployment.chain_id))
    yield from nodes
    if nodes[0].ok:
        yield from _each(_on_chain(settings, deployment, Chain.connect(settings.rpc_url)))


def _local(settings: ProverSettings) -> Sequence[_Named]:
    return (
        _Named("keys", lambda: checks_machine.key_files(settings)),
        _Named("state", lambda: checks_machine.state(settings)),
        _Named("database", lambda: checks_machine.database(settings)),
        _Named("disk", lambda: checks_machine.disk(settings)),
        _Named("ports", lambda: checks_machine.ports(settings)),
        _Named("ezkl", lambda: checks_machine.ezkl(settings)),
        _Named("models", lambda: checks_machine.models(settings)),
    )


def _on_chain(settings: ProverSettings, deployment: Deployment, chain: Chain) -> Sequence[_Named]:
    return (
        _Named("clock", lambda: checks_chain.clock(chain)),
        _Named("contracts", lambda: checks_chain.contracts(chain, deployment)),
        _Named("payments", lambda: checks_chain.payments(settings, chain)),
        _Named("routes", lambda: checks_chain.routes(settings, chain, deployment)),
        _Named("asset", lambda: checks_chain.asset(settings, chain)),
        _Named("srs", lambda: checks_chain.srs(settings, chain.chain_id)),
        _Named("profit", lambda: checks_chain.profit(settings, chain.chain_id)),
        _Named("account", lambda: checks_chain.account(settings, chain, deployment)),
    )


def _each(named: Sequence[_Named]) -> Iterator[Check]:
    for item in named:
        try:
            yield from item.run()
        except CommandError as error:
            yield Check(item.name, False, str(error))


def _try_load(settings: ProverSettings) -> Deployment | Check:
    try:
        return Deployment.load(settings.deployment)
    except CommandError as error:
        return Check("deployment", False, str(error))
