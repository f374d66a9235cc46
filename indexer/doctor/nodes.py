"""Looks at the nodes: each by itself, then whether those of one chain agree."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.chain import Heads, SettlementChain, hexadecimal, logs_request, read_chain_id
from indexer.counters import next_seq_call
from indexer.decode import INDEXED_CONTRACTS
from indexer.doctor.finding import Finding
from indexer.errors import IndexerError, RpcUnreachableError, SettingsError
from indexer.nodes import ONE_NODE
from indexer.rpc import JsonRpc
from indexer.rpc_messages import Request
from indexer.wire import Block, parse_octets
from veritally.deployment import Deployment

_TIMEOUT_S = 5.0
_CLOCK_S = 30
"""Further in the future than this no block can be when both clocks are right."""
_NO_TOPIC = f"0x{0:064x}"
"""No event has it: the node must look, and answers with nothing."""


@dataclass(frozen=True)
class Seen:
    """A node that answered."""

    name: str
    chain: SettlementChain
    heads: Heads
    head: Block


def look_at_nodes(
    urls: Sequence[str], deployments: Sequence[Deployment], most_blocks: int, max_lag_s: float
) -> list[Finding]:
    """What is to be said about all nodes."""
    findings: list[Finding] = []
    seen: list[Seen] = []
    for url in urls:
        findings += _look_at(url, deployments, most_blocks, seen)
    for chain_id in sorted({deployed.chain_id for deployed in deployments}):
        of_chain = [node for node in seen if node.chain.chain_id == chain_id]
        findings += _agreement(chain_id, of_chain, max_lag_s)
        if not of_chain:
            fix = f"add a node of chain {chain_id} with --rpc-url"
            findings.append(Finding(f"chain {chain_id}", "nodes", "none answers", fix))
    return findings


def _look_at(
    url: str, deployments: Sequence[Deployment], most_blocks: int, seen: list[Seen]
) -> list[Finding]:
    """One node; it is added to `seen` when it can be used."""
    try:
        rpc = JsonRpc(url, _TIMEOUT_S)
    except SettingsError as error:
        return [Finding("rpc", "URL", str(error), "write it as http(s)://host[:port][/path]")]
    name = f"rpc {rpc.shown_url}"
    try:
        chain_id = read_chain_id(rpc)
        ours = [deployed for deployed in deployments if deployed.chain_id == chain_id]
        if not ours:
            chains = ", ".join(str(deployed.chain_id) for deployed in deployments) or "any deployment"
            fix = f"leave it out of --rpc-url, or name a node of chain {chains}"
            return [Finding(name, "chain", f"it serves chain {chain_id}, not {chains}", fix)]
        return [Finding(name, "chain", str(chain_id)), *_look_closer(name, rpc, ours, most_blocks, seen)]
    except RpcUnreachableError as error:
        return [Finding.of_error(name, "reachable", error, "start the node, or set --rpc-url")]
    except IndexerError as error:
        return [Finding.of_error(name, "answers", error, "use another node")]
    finally:
        rpc.close()


def _look_closer(
    name: str, rpc: JsonRpc, deployments: Sequence[Deployment], most_blocks: int, seen: list[Seen]
) -> list[Finding]:
    chain = _chain(rpc, deployments[0])
    heads = chain.heads()
    (head,) = chain.blocks([heads.latest])
    seen.append(Seen(name, chain, heads, head))
    findings = [_clock(name, head)]
    for deployed in deployments:
        if heads.latest < deployed.first_block:
            detail = f"block {heads.latest}, but the deployment begins at block {deployed.first_block}"
            findings.append(Finding(name, "head", detail, "wait until the node has caught up"))
            continue
        chain = _chain(rpc, deployed)
        findings.append(_code(name, rpc, deployed))
        findings.append(_state(name, chain, deployed.first_block, heads))
        findings.append(_logs(name, chain, deployed, heads, most_blocks))
    return findings


def _chain(rpc: JsonRpc, deployed: Deployment) -> SettlementChain:
    return SettlementChain(rpc, deployed.chain_id, bytes.fromhex(deployed.settlement[2:]))


def _clock(name: str, head: Block) -> Finding:
    age_s = int(time.time() - head.timestamp_s)
    if age_s < -_CLOCK_S:
        detail = f"block {head.number} is {-age_s} s in the future"
        return Finding(name, "clock", detail, "set the clock of this machine, or of the node's")
    return Finding(name, "clock", f"block {head.number} is {max(age_s, 0)} s old")


def _code(name: str, rpc: JsonRpc, deployed: Deployment) -> Finding:
    """Whether the contracts are where the deployment file says."""
    addresses = {contract: deployed.address_of(contract) for contract in INDEXED_CONTRACTS}
    answers = rpc.ask([Request("eth_getCode", [address, "latest"]) for address in addresses.values()])
    codes = [rpc.parse("eth_getCode", answer, parse_octets) for answer in answers]
    missing = [contract for contract, code in zip(addresses, codes, strict=True) if not code]
    if missing:
        fix = "give the deployment file of this chain, or deploy again if the chain was started anew"
        return Finding(name, "contracts", f"no code at {', '.join(missing)}", fix)
    return Finding(name, "contracts", f"all {len(codes)} have code")


def _state(name: str, chain: SettlementChain, first_block: int, heads: Heads) -> Finding:
    """Whether the contract's counters can be asked where they are compared, and in the past."""
    at = heads.final if heads.final >= first_block else heads.latest
    requests = [chain.view_request(next_seq_call(), number) for number in (at, first_block)]
    now, then = chain.rpc.ask_each(requests)
    where = f"final block {at}" if at == heads.final else f"block {at}, for nothing is final yet"
    if now.error is not None:
        fix = "use a node that keeps the states since the final block, or an archive node"
        return Finding(name, "state", f"views cannot be asked at {where}", fix)
    past = "not at old blocks: an archive node could" if then.error else "and from the beginning"
    return Finding(name, "state", f"views answer at {where}, {past}")


def _logs(name: str, chain: SettlementChain, deployed: Deployment, heads: Heads, most_blocks: int) -> Finding:
    """The longest range that the node looks through at once."""
    contracts = {"Settlement": bytes.fromhex(deployed.settlement[2:])}
    wanted = blocks = min(most_blocks, heads.latest - deployed.first_block + 1)
    problem = ""
    while blocks:
        request = logs_request(contracts, heads.latest - blocks + 1, heads.latest)
        request.params[0]["topics"] = [_NO_TOPIC]
        (answer,) = chain.rpc.ask_each([request])
        if answer.error is None:
            hint = "" if blocks == wanted else f"; --blocks-per-request {blocks} would save refused requests"
            return Finding(name, "logs", f"eth_getLogs looks through {blocks} blocks at once{hint}")
        problem, blocks = answer.error.message, blocks // 2
    return Finding(name, "logs", f"eth_getLogs refuses a single block: {problem}", "use another node")


def _agreement(chain_id: int, seen: Sequence[Seen], max_lag_s: float) -> list[Finding]:
    """Whether the nodes of a chain show the same one, up to date."""
    subject = f"chain {chain_id}"
    if len(seen) < 2:
        return [Finding(subject, "second node", ONE_NODE, is_warning=True)] if seen else []
    newest = max(node.head.timestamp_s for node in seen)
    late = [node.name for node in seen if newest - node.head.timestamp_s > max_lag_s]
    if late:
        fix = "wait until it has caught up, or leave it out of --rpc-url"
        return [Finding(subject, "agreement", f"{', '.join(late)} is behind the others", fix)]
    lowest = min(node.heads.final for node in seen)
    if lowest < 0:
        return [Finding(subject, "agreement", f"{len(seen)} nodes are equally far; nothing is final yet")]
    hashes = {hexadecimal(node.chain.blocks([lowest])[0].hash) for node in seen}
    if len(hashes) > 1:
        fix = "find out which is right, and leave the other out of --rpc-url"
        return [Finding(subject, "agreement", f"the nodes show different blocks {lowest}, all final", fix)]
    detail = f"{len(seen)} nodes are equally far and show the same block {lowest}"
    return [Finding(subject, "agreement", detail)]
