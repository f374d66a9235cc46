"""Reads of the chain that requests share, through nodes that may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from eth_utils.crypto import keccak
from relay import KEY, Relay, relayed

from prover.door import node_reads
from prover.door.chain_state import ChainState
from prover.door.errors import NodeUnavailableError
from prover.door.node_reads import NodeReads
from veritally.devnet import Devnet


@pytest.fixture
def relay(devnet: Devnet) -> Iterator[tuple[str, Relay]]:
    with relayed(devnet.rpc_url) as running:
        yield running


@pytest.fixture
async def reads(relay: tuple[str, Relay]) -> AsyncIterator[NodeReads]:
    made = NodeReads([relay[0]])
    yield made
    await made.close()


async def test_reads_at_the_same_time_share_a_request(
    devnet: Devnet, relay: tuple[str, Relay], reads: NodeReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    send = NodeReads._send

    async def counting(self: NodeReads, batch: object) -> None:
        batches.append(len(batch))  # type: ignore[arg-type]
        await send(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(NodeReads, "_send", counting)
    monkeypatch.setattr(node_reads, "BATCH_LIMIT", 4)
    state = ChainState(reads)
    payers = [account.address for account in devnet.accounts.payers[:2]]
    found = await asyncio.gather(*(state.balance_base_units(devnet.usdc, payer) for payer in payers * 10))
    assert found == [devnet.usdc_balance_base_units(payer) for payer in payers] * 10
    assert batches == [2]
    await asyncio.gather(*(reads.code("0x" + f"{number:040x}") for number in range(10)))
    assert batches == [2, 4, 4, 2]


async def test_an_answer_serves_for_a_while_unless_it_is_forgotten(
    devnet: Devnet, reads: NodeReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, payer = ChainState(reads), devnet.accounts.payers[0].address
    monkeypatch.setattr(node_reads, "LIFETIME_S", 60.0)
    before = await state.balance_base_units(devnet.usdc, payer)
    devnet.fund_usdc(payer, 5)
    assert await state.balance_base_units(devnet.usdc, payer) == before
    reads.forget(payer)
    monkeypatch.setattr(node_reads, "LIFETIME_S", 0.05)
    assert await state.balance_base_units(devnet.usdc, payer) == before + 5
    devnet.fund_usdc(payer, 5)
    await asyncio.sleep(0.06)
    assert await state.balance_base_units(devnet.usdc, payer) == before + 10


async def test_a_reader_may_take_older_answers_than_others(
    devnet: Devnet, reads: NodeReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_reads, "LIFETIME_S", 0.01)
    payer = devnet.accounts.payers[0].address
    balance_of = keccak(text="balanceOf(address)")[:4] + bytes.fromhex(payer[2:]).rjust(32, b"\0")
    before = await reads.call(devnet.usdc, balance_of, oldest_s=60.0)
    devnet.fund_usdc(payer, 5)
    await asyncio.sleep(0.02)
    assert await reads.call(devnet.usdc, balance_of, oldest_s=60.0) == before
    now = await reads.call(devnet.usdc, balance_of)
    assert int.from_bytes(now or b"") == int.from_bytes(before or b"") + 5


async def test_old_answers_are_not_kept(reads: NodeReads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_reads, "LIFETIME_S", 0.05)
    for number in range(20):
        await reads.code("0x" + f"{number:040x}")
        await asyncio.sleep(0.02)
    assert 1 <= len(reads._kept) < 10


async def test_the_next_node_answers_when_one_is_lost(
    devnet: Devnet, relay: tuple[str, Relay], caplog: pytest.LogCaptureFixture
) -> None:
    url, node = relay
    node.lose()
    reads = NodeReads([url, devnet.rpc_url])
    payer = devnet.accounts.payers[0].address
    assert await ChainState(reads).balance_base_units(devnet.usdc, payer) > 0
    await reads.close()
    assert "a batch of reads failed" in caplog.text
    assert KEY not in caplog.text


async def test_without_a_node_nothing_is_said_and_its_key_is_not_shown(
    devnet: Devnet, relay: tuple[str, Relay], reads: NodeReads, caplog: pytest.LogCaptureFixture
) -> None:
    url, node = relay
    node.lose()
    payer = devnet.accounts.payers[0].address
    with pytest.raises(NodeUnavailableError) as refused:
        await ChainState(reads).balance_base_units(devnet.usdc, payer)
    assert KEY in url
    assert KEY not in str(refused.value) + caplog.text
    node.find_again()
    assert await ChainState(reads).balance_base_units(devnet.usdc, payer) > 0


async def test_a_place_without_a_contract_is_not_taken_for_zero(devnet: Devnet, reads: NodeReads) -> None:
    with pytest.raises(NodeUnavailableError):
        await ChainState(reads).balance_base_units("0x" + "12" * 20, devnet.accounts.payers[0].address)
