"""The digest is what docs/verify.md defines: computed here from the logs alone, by another program."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import decode
from hypothesis import example, given, settings
from hypothesis import strategies as st
from indexer_chain import CHAIN_ID, REGISTRIES, SETTLEMENT, RecordedChain, serve
from whole_chain import make_whole_chain, topic_of

from indexer.amounts import split_all
from indexer.database import Database
from indexer.decode import Rows
from indexer.digest import Digest, octet_matrix, records_of
from indexer.rpc import JsonRpc
from indexer.sync import Indexer
from indexer.tables import ChannelRefundedRow

EVENTS = (
    "InferenceSettled",
    "GroupSettled",
    "GroupSkipped",
    "ReceiptSkipped",
    "ChannelRefunded",
    "RouteStopped",
)


def u(number: int, octets: int) -> bytes:
    return number.to_bytes(octets)


def sized(octets: bytes) -> bytes:
    return u(len(octets), 4) + octets


def record(log: dict[str, Any]) -> tuple[int, bytes]:
    """Number of the stream and the record of one log."""
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    data = bytes.fromhex(log["data"][2:])
    event = next(i for i, name in enumerate(EVENTS) if topic_of(name) == log["topics"][0])
    place = u(int(log["blockNumber"], 16), 8) + u(int(log["logIndex"], 16), 4)
    place += bytes.fromhex(log["transactionHash"][2:])
    return event, place + (_inference, _group, _group_skip, _receipt_skip, _refund, _route)[event](
        topics, data
    )


def _inference(topics: list[bytes], data: bytes) -> bytes:
    _, receipt, payer, tier = topics
    model, prover, asset, request, response, terms = (data[i : i + 32] for i in range(0, 192, 32))
    seq, amount, served_at, floor = terms[:8], terms[8:20], terms[20:28], terms[28:29]
    head = seq + receipt + payer[12:] + prover[12:] + model + asset[12:]
    return (
        head
        + tier[31:]
        + floor
        + terms[30:31]
        + terms[31:]
        + bytes(4)
        + amount
        + served_at
        + request
        + response
    )


def _group(topics: list[bytes], data: bytes) -> bytes:
    _, root, model, prover = topics
    route, tier, settled, skipped, labels, key = (data[i : i + 32] for i in range(0, 192, 32))
    return (
        root + prover[12:] + model + route[:4] + key + tier[31:] + labels[31:] + settled[28:] + skipped[28:]
    )


def _group_skip(topics: list[bytes], data: bytes) -> bytes:
    index, reason = decode(["uint256", "bytes"], data)
    return topics[2][12:] + topics[1] + topics[3][:4] + u(index, 4) + sized(reason)


def _receipt_skip(topics: list[bytes], data: bytes) -> bytes:
    return topics[1] + topics[2][12:] + topics[3][12:] + sized(decode(["bytes"], data)[0])


def _refund(topics: list[bytes], data: bytes) -> bytes:
    return b"".join(topic[12:] for topic in topics[1:]) + data[16:]


def _route(topics: list[bytes], _data: bytes) -> bytes:
    said = {
        "route": f"0x{topics[1][:4].hex()}",
        "verifier": f"0x{topics[2][12:].hex()}",
        "by": f"0x{topics[3][12:].hex()}",
    }
    subject = topics[1][:4]
    texts = [b"VerifierRouter", b"RouteStopped", subject, json.dumps(said).encode()]
    return b"".join(map(sized, texts))


def digest_of(chain: RecordedChain, last: int) -> bytes:
    logs = [log for log in chain.logs if int(log["blockNumber"], 16) <= last]
    streams: list[list[bytes]] = [[] for _ in range(7)]
    for log in logs:
        stream, octets = record(log)
        streams[stream].append(octets)
    for block in chain.blocks[: last + 1]:
        events = sum(log["blockNumber"] == block["number"] for log in logs)
        if events:
            number, time_s = int(block["number"], 16), int(block["timestamp"], 16)
            streams[6].append(u(number, 8) + bytes.fromhex(block["hash"][2:]) + u(time_s, 8) + u(events, 4))
    parts = [b"veritally events 1\n", u(CHAIN_ID, 8), bytes.fromhex(SETTLEMENT[2:]), u(last, 8)]
    for records in streams:
        parts += [u(len(records), 8), hashlib.sha256(b"".join(records)).digest()]
    return hashlib.sha256(b"".join(parts)).digest()


@pytest.mark.parametrize("last", [3, 12, 20, 26])
def test_digest_is_the_documented_one(path: Path, last: int) -> None:
    chain = make_whole_chain()
    with serve(chain) as url:
        indexer = Indexer(JsonRpc(url), Database(f"sqlite:///{path}"), chain.deployment, 1000)
        indexer.open()
        indexer.sync_once()
        assert indexer.verifier.verify(last).digest == digest_of(chain, last)
    assert REGISTRIES["VerifierRouter"] == chain.logs[0]["address"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=20))
@example([2**128 - 1, 0, 10**10, 10**20, 10**20 - 1, 2**64, 2**32 - 1])
def test_amounts_are_written_exactly(amounts: list[int]) -> None:
    assert _amounts(split_all(amounts)) == [u(amount, 16) for amount in amounts]


@pytest.mark.parametrize("limbs", [(0, 10**10, 0), (0, 0, 10**10), (0, 0, -1), (0, -1, 0), (1, -1, 5)])
def test_amount_in_another_form_is_none(limbs: tuple[int, int, int]) -> None:
    columns = tuple(np.array([limb], np.int64) for limb in limbs)
    assert _amounts(columns) == [b"\xff" * 16]


def _amounts(limbs: tuple[Any, ...]) -> list[bytes]:
    count = len(limbs[0])
    addresses = np.zeros((count, 20), np.uint8)
    columns = dict(zip(("amount_e20", "amount_e10", "amount_e0"), limbs, strict=True))
    columns |= dict.fromkeys(("payer", "prover", "asset"), addresses)
    columns["transaction_hash"] = np.zeros((count, 32), np.uint8)
    records = records_of(Rows(ChannelRefundedRow, np.arange(count), columns))
    return [bytes(one)[-16:] for one in records]


def test_parts_may_be_of_any_size() -> None:
    records = octet_matrix([bytes([i]) * 4 for i in range(10)], 4)
    whole, parts = Digest(), Digest()
    whole.add(ChannelRefundedRow, records)
    for start in (0, 3, 4):
        parts.add(ChannelRefundedRow, records[start : {0: 3, 3: 4, 4: 10}[start]])
    assert whole.value(1, bytes(20), 5) == parts.value(1, bytes(20), 5)
    assert whole.value(1, bytes(20), 5) != whole.value(1, bytes(20), 6)
    assert whole.value(1, bytes(20), 5) != whole.value(2, bytes(20), 5)


def test_bytes_of_a_wrong_length_do_not_shift_the_others() -> None:
    assert octet_matrix([b"ab", b"c"], 2).tolist() == [[97, 98], [255, 255]]
    assert octet_matrix([b"a", b"bcd"], 2).tolist() == [[255, 255]] * 2
    assert octet_matrix(["ab", None, b"cd"], 2).tolist() == [[255, 255], [255, 255], [99, 100]]
