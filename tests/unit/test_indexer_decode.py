from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from hypothesis import given, settings
from hypothesis import strategies as st
from indexer_chain import MODEL, PROVER, inference_log
from web3 import Web3

from indexer.abi import EventDefinition, error_names, selector_of
from indexer.amounts import join
from indexer.decode import INDEXED_CONTRACTS, EventDecoder, Rows
from indexer.errors import UndecodableEventError
from indexer.events import octets_of
from indexer.tables import (
    ChannelRefundedRow,
    GroupSettledRow,
    GroupSkippedRow,
    InferenceRow,
    ReceiptSkippedRow,
    RegistryEventRow,
)
from indexer.wire import LogTable, parse_logs
from veritally.abi import load_artifact
from veritally.labels import Labels
from veritally.payments import PaymentScheme

CONTRACTS = {name: bytes([number]) * 20 for number, name in enumerate(INDEXED_CONTRACTS, 1)}
ABIS = {name: load_artifact(name).abi for name in CONTRACTS}
ABI = ABIS["Settlement"]
DECODER = EventDecoder(CONTRACTS)
EVENTS = {
    (name, entry["name"]): entry for name, abi in ABIS.items() for entry in abi if entry["type"] == "event"
}
NEVER_EMITTED = {("Settlement", "EIP712DomainChanged"), ("EnclaveRegistry", "EIP712DomainChanged")}

addresses = st.binary(min_size=20, max_size=20)
words = st.binary(min_size=32, max_size=32)
tiers = st.sampled_from([1, 2, 3])
LABELS = [Labels(number) for number in range(4)]
uint32 = st.integers(0, 2**32 - 1)


def json_log(contract: str, event: str, values: Mapping[str, Any], log_index: int = 3) -> dict[str, Any]:
    """A log that web3 and eth_abi would read back as `values`, as a node writes it."""
    entry = EVENTS[contract, event]
    inputs = entry["inputs"]
    indexed = [encode([i["type"]], [values[i["name"]]]) for i in inputs if i["indexed"]]
    plain = [i for i in inputs if not i["indexed"]]
    data = encode([collapse_if_tuple(i) for i in plain], [values[i["name"]] for i in plain])
    topic = Web3.keccak(text=f"{event}({','.join(map(collapse_if_tuple, inputs))})")
    return {
        "address": f"0x{CONTRACTS[contract].hex()}",
        "topics": [f"0x{octets.hex()}" for octets in (topic, *indexed)],
        "data": f"0x{data.hex()}",
        "blockNumber": "0x7",
        "blockHash": f"0x{'07' * 32}",
        "logIndex": hex(log_index),
        "transactionHash": f"0x{'09' * 32}",
        "removed": False,
    }


def table_of(*logs: dict[str, Any]) -> LogTable:
    return parse_logs(msgspec.Raw(json.dumps(logs).encode()))


def decode_one(log: dict[str, Any]) -> tuple[type, dict[str, Any]]:
    """The table, and the values of its columns but the key."""
    (rows,) = DECODER.decode(table_of(log))
    assert rows.places.tolist() == [7 << 20 | 3]
    return rows.table, row_of(rows, 0)


def row_of(rows: Rows, index: int) -> dict[str, Any]:
    row = {}
    for name, column in rows.columns.items():
        is_matrix = not isinstance(column, list) and column.ndim > 1
        row[name] = octets_of(column)[index] if is_matrix else column[index]
    return row


def amount_of(row: dict[str, Any]) -> int:
    return join(row["amount_e20"], row["amount_e10"], row["amount_e0"])


@settings(deadline=None)
@given(
    receipt=words, payer=addresses, tier=tiers, model=words, prover=addresses, asset=addresses,
    request=words, response=words, seq=st.integers(0, 2**64 - 1), amount=st.integers(0, 2**96 - 1),
    served=st.integers(0, 2**64 - 1), floor=tiers, scheme=st.sampled_from(PaymentScheme),
    labels=st.sampled_from(LABELS),
)  # fmt: skip
def test_inference_is_decoded_as_eth_abi_encodes_it(
    receipt: bytes, payer: bytes, tier: int, model: bytes, prover: bytes, asset: bytes,
    request: bytes, response: bytes, seq: int, amount: int, served: int, floor: int, scheme: PaymentScheme,
    labels: Labels,
) -> None:  # fmt: skip
    packed = seq << 192 | amount << 96 | served << 32 | floor << 24 | scheme << 8 | int(labels)
    values = {
        "receiptHash": receipt, "payer": payer, "tier": tier, "modelId": model, "prover": prover,
        "asset": asset, "requestHash": request, "responseHash": response, "terms": packed,
    }  # fmt: skip
    table, row = decode_one(json_log("Settlement", "InferenceSettled", values))
    assert table is InferenceRow
    assert amount_of(row) == amount
    assert (int(row["seq"]) % 2**64, int(row["served_at_s"]) % 2**64) == (seq, served)
    assert {name: row[name] for name in row if not name.startswith(("amount", "seq", "served"))} == {
        "transaction_hash": b"\x09" * 32, "receipt_hash": receipt, "payer": payer, "tier": tier,
        "model_id": model, "prover": prover, "asset": asset, "request_hash": request,
        "response_hash": response, "floor": floor, "scheme": scheme,
        "development": labels.development, "unbound": labels.unbound,
    }  # fmt: skip


@settings(deadline=None)
@given(root=words, model=words, prover=addresses, route=st.binary(min_size=4, max_size=4), tier=tiers,
       settled=uint32, skipped=uint32, labels=st.sampled_from(LABELS),
       key=words | st.just(bytes(32)))  # fmt: skip
def test_group_is_decoded_as_eth_abi_encodes_it(
    root: bytes, model: bytes, prover: bytes, route: bytes, tier: int, settled: int, skipped: int,
    labels: Labels, key: bytes,
) -> None:  # fmt: skip
    values = {
        "root": root, "modelId": model, "prover": prover, "route": route, "tier": tier,
        "settled": settled, "skipped": skipped, "labels": labels, "key": key,
    }  # fmt: skip
    table, row = decode_one(json_log("Settlement", "GroupSettled", values))
    assert table is GroupSettledRow
    assert row == {
        "transaction_hash": b"\x09" * 32, "root": root, "model_id": model, "prover": prover,
        "route": route, "tier": tier, "settled": settled, "skipped": skipped,
        "development": labels.development, "unbound": labels.unbound, "key": key if any(key) else None,
    }  # fmt: skip


@settings(deadline=None)
@given(index=st.integers(0, 2**31 - 1), reason=st.binary(max_size=300))
def test_skips_are_decoded_as_eth_abi_encodes_them(index: int, reason: bytes) -> None:
    group = {"modelId": MODEL, "prover": PROVER, "route": b"abcd", "groupIndex": index, "reason": reason}
    table, row = decode_one(json_log("Settlement", "GroupSkipped", group))
    assert table is GroupSkippedRow
    assert (row["group_index"], row["reason"], row["route"]) == (index, reason, b"abcd")
    assert (row["model_id"], row["prover"]) == (MODEL, bytes.fromhex(PROVER[2:]))
    receipt = {"receiptHash": bytes(32), "payer": PROVER, "prover": PROVER, "reason": reason}
    table, row = decode_one(json_log("Settlement", "ReceiptSkipped", receipt))
    assert table is ReceiptSkippedRow
    assert (row["reason"], row["payer"]) == (reason, bytes.fromhex(PROVER[2:]))


def value_of(type_: str) -> st.SearchStrategy[Any]:
    """Any value of an ABI type."""
    if type_.startswith("("):
        return st.tuples(*map(value_of, type_[1:-1].split(",")))
    if type_ == "address":
        return addresses
    if type_ == "bool":
        return st.booleans()
    if type_ == "string":
        return st.text(max_size=80)
    if type_ == "bytes":
        return st.binary(max_size=100)
    if type_.startswith("bytes"):
        return st.binary(min_size=int(type_[5:]), max_size=int(type_[5:]))
    return st.integers(0, 2 ** int(type_[4:]) - 1)


def shown(value: Any, type_: str) -> Any:
    """How the column `arguments` writes a value."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return str(value) if type_.startswith("uint") and int(type_[4:]) > 48 else value


REGISTRY_EVENTS = sorted(key for key in EVENTS if key[0] != "Settlement" and key not in NEVER_EMITTED)


@pytest.mark.parametrize(("contract", "event"), REGISTRY_EVENTS)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_every_registry_event_is_decoded_as_eth_abi_encodes_it(
    contract: str, event: str, data: st.DataObject
) -> None:
    inputs = EVENTS[contract, event]["inputs"]
    types = {i["name"]: collapse_if_tuple(i) for i in inputs}
    values = {name: data.draw(value_of(type_), name) for name, type_ in types.items()}
    table, row = decode_one(json_log(contract, event, values))
    assert table is RegistryEventRow
    assert (row["contract"], row["event"]) == (contract, event)
    first = next(i["name"] for i in inputs if i["indexed"])
    assert row["subject"] == values[first]
    expected = {}
    for i in inputs:
        if i["type"] == "tuple":
            members = zip(i["components"], values[i["name"]], strict=True)
            expected |= {f"{i['name']}.{m['name']}": shown(value, m["type"]) for m, value in members}
        else:
            expected[i["name"]] = shown(values[i["name"]], i["type"])
    assert json.loads(row["arguments"]) == expected


def test_every_event_of_the_contracts_is_known() -> None:
    """Besides those that only a contract behind a proxy emits."""
    assert len(DECODER._by_key) == len(EVENTS) - len(NEVER_EMITTED)


@settings(deadline=None)
@given(order=st.permutations(range(8)), lengths=st.lists(st.integers(0, 70), min_size=4, max_size=4))
def test_many_logs_are_decoded_like_one(order: list[int], lengths: list[int]) -> None:
    """Logs of several kinds and lengths, in any order: rows come in the order of the chain."""
    logs = []
    for index in range(4):
        receipt = {"receiptHash": bytes([index]) * 32, "payer": PROVER, "prover": PROVER}
        skipped = json_log(
            "Settlement", "ReceiptSkipped", receipt | {"reason": bytes(lengths[index])}, 2 * index
        )
        logs += [skipped, place(inference_log(index, amount=index), 2 * index + 1)]
    found = {rows.table: rows for rows in DECODER.decode(table_of(*(logs[index] for index in order)))}
    receipts, inferences = found[ReceiptSkippedRow], found[InferenceRow]
    assert receipts.places.tolist() == [7 << 20 | 2 * index for index in range(4)]
    assert [len(reason) for reason in receipts.columns["reason"]] == lengths
    assert [row_of(receipts, i)["receipt_hash"][0] for i in range(4)] == [0, 1, 2, 3]
    assert inferences.places.tolist() == [7 << 20 | 2 * index + 1 for index in range(4)]
    assert [amount_of(row_of(inferences, i)) for i in range(4)] == [0, 1, 2, 3]


def place(log: dict[str, Any], log_index: int = 3) -> dict[str, Any]:
    """The recorded chain's logs at the place of the others."""
    return json_log("Settlement", "GroupSkipped", ANY_SKIP, log_index) | log


ANY_SKIP = {"modelId": MODEL, "prover": PROVER, "route": b"abcd", "groupIndex": 0, "reason": b"abc"}


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ("AlreadySettled(address,uint64)", "AlreadySettled"),
        ("UnknownRoute(bytes4)", "UnknownRoute"),
        ("EnclaveKeyRevoked(bytes32,uint256)", "EnclaveKeyRevoked"),
        ("InvalidProof(uint256)", "InvalidProof"),
        ("Panic(uint256)", "Panic"),
        ("NobodyDeclaresThis()", None),
    ],
)
def test_reason_is_named_after_the_contracts_errors(signature: str, name: str | None) -> None:
    assert DECODER.reason_name(Web3.keccak(text=signature)[:4] + bytes(32)) == name


def test_empty_reason_has_no_name() -> None:
    assert DECODER.reason_name(b"") is None


def test_topics_and_selectors_are_those_of_web3() -> None:
    for (contract, event), entry in EVENTS.items():
        topic = Web3().eth.contract(abi=ABIS[contract]).events[event]().topic
        assert EventDefinition.from_abi(entry).topic == bytes.fromhex(topic[2:])
    settlement = Web3().eth.contract(abi=ABI)
    assert selector_of(ABI, "tally").hex() == settlement.functions.tally(1).selector[2:]
    assert error_names([ABI])[Web3.keccak(text="EmptyGroup()")[:4]] == "EmptyGroup"


def decode_altered(**changes: Any) -> None:
    """The wrong log stands between two right ones."""
    good = inference_log(0)
    DECODER.decode(table_of(place(good, 1), place(good | changes), place(good, 4)))


def test_unknown_topic_is_named() -> None:
    with pytest.raises(UndecodableEventError, match=f"block 7, log 3: unknown event topic 0x{'ab' * 32}"):
        decode_altered(topics=["0x" + "ab" * 32])
    with pytest.raises(UndecodableEventError, match="unknown event topic none"):
        decode_altered(topics=[])


def test_event_of_another_of_our_contracts_is_unknown() -> None:
    with pytest.raises(UndecodableEventError, match="unknown event topic"):
        DECODER.decode(table_of(place(inference_log(0)) | {"address": f"0x{'02' * 20}"}))


GOOD = inference_log(0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": "0x" + "00" * 191}, "ends at byte 191, 192 are needed"),
        ({"data": GOOD["data"] + "00" * 32}, "6 words of data, the log 224 bytes"),
        ({"topics": GOOD["topics"][:3]}, "3 indexed inputs, the log 2"),
        ({"data": GOOD["data"][:66] + "01" * 32 + GOOD["data"][130:]}, "no address"),
        (inference_log(0, tier=0), "0 is no tier"),
        (inference_log(0, tier=4), "4 is no tier"),
        (inference_log(0, tier=256), "is no uint8"),
        (inference_log(0, floor=0), "0 is no tier"),
        (inference_log(0, floor=9), "9 is no tier"),
        (inference_log(0, flags=4), "labels 0x04"),
        (inference_log(0, flags=0x80), "labels 0x80"),
        (inference_log(0, flags=0x010000), "flags 0x010000"),
        (inference_log(0, flags=5 << 8), "5 is no payment scheme"),
    ],
)
def test_log_that_the_contract_cannot_have_emitted_is_refused(changes: dict[str, Any], problem: str) -> None:
    decode_altered()
    with pytest.raises(UndecodableEventError, match=f"block 7, log 3: InferenceSettled: .*{problem}"):
        decode_altered(**changes)


def test_bytes_must_be_padded_with_zeroes() -> None:
    log = json_log("Settlement", "GroupSkipped", ANY_SKIP)
    with pytest.raises(UndecodableEventError, match="padded"):
        DECODER.decode(table_of(log | {"data": log["data"][:-2] + "01"}))
    with pytest.raises(UndecodableEventError, match="ends at byte"):
        DECODER.decode(table_of(log | {"data": log["data"][:-64]}))
    for index in (2**31, 2**63, 2**64):
        with pytest.raises(UndecodableEventError, match="group index"):
            DECODER.decode(table_of(json_log("Settlement", "GroupSkipped", ANY_SKIP | {"groupIndex": index})))


def test_labels_of_a_group_that_nobody_knows_are_refused() -> None:
    values = {
        "root": bytes(32), "modelId": MODEL, "prover": PROVER, "route": b"abcd", "tier": 2,
        "settled": 1, "skipped": 0, "labels": 4, "key": bytes(32),
    }  # fmt: skip
    with pytest.raises(UndecodableEventError, match="labels 0x04"):
        DECODER.decode(table_of(json_log("Settlement", "GroupSettled", values)))


def test_a_channel_refund() -> None:
    payer, prover, token = b"\x01" * 20, b"\x02" * 20, b"\x03" * 20
    values = {"payer": payer, "prover": prover, "token": token, "amount": 2**128 - 1}
    table, row = decode_one(json_log("Settlement", "ChannelRefunded", values))
    assert table is ChannelRefundedRow
    assert (row["payer"], row["prover"], row["asset"], amount_of(row)) == (payer, prover, token, 2**128 - 1)
