"""Turns logs of Settlement into events: pure functions over the contract's own ABI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.abi import SELECTOR, Abi, AbiMismatchError, EventDefinition, Fields, error_names
from indexer.errors import UndecodableEventError
from indexer.events import (
    ChannelRefunded,
    Event,
    GroupSettled,
    GroupSkipped,
    InferenceSettled,
    LogPosition,
    Reason,
    ReceiptSkipped,
)
from indexer.wire import Log
from veritally.abi import load_artifact
from veritally.contract_table import CONTRACTS
from veritally.labels import Labels
from veritally.payments import PaymentScheme
from veritally.tiers import SETTLED_TIERS, Tier

_ZERO_ADDRESS = bytes(20)
_NO_KEY = bytes(32)
_SCHEME_SHIFT = 8
_KNOWN_FLAGS = 0xFFFF
_LARGEST_INDEX = (1 << 31) - 1


@dataclass(frozen=True)
class Terms:
    """The word `terms` of an InferenceSettled event, unpacked."""

    seq: int
    amount_base_units: int
    served_at_s: int
    floor: Tier
    scheme: PaymentScheme
    labels: Labels


def unpack_terms(word: int) -> Terms:
    """Unpacks, from the high bits: seq (64), amount (96), servedAt (64), floor (8), flags (24).

    The flags are the payment scheme (bits 8 to 15) and the labels of the evidence (bits 0 to 7).

    Raises:
        AbiMismatchError: the floor is no tier, the scheme is none of ours, or an unknown flag is set.
    """
    flags = word & 0xFFFFFF
    if flags & ~_KNOWN_FLAGS:
        raise AbiMismatchError(f"flags 0x{flags:06x} hold bits that this version does not know")
    return Terms(
        seq=word >> 192,
        amount_base_units=word >> 96 & (1 << 96) - 1,
        served_at_s=word >> 32 & (1 << 64) - 1,
        floor=_tier(word >> 24 & 0xFF),
        scheme=_scheme(flags >> _SCHEME_SHIFT),
        labels=_labels(flags & 0xFF),
    )


class EventDecoder:
    """Decodes the settlement events."""

    def __init__(self, settlement_abi: Abi, error_abis: Sequence[Abi]) -> None:
        builders: dict[str, Callable[[LogPosition, Fields], Event]] = {
            "InferenceSettled": _inference_settled,
            "GroupSettled": _group_settled,
            "GroupSkipped": self._group_skipped,
            "ReceiptSkipped": self._receipt_skipped,
            "ChannelRefunded": _channel_refunded,
        }
        definitions = {e["name"]: EventDefinition.from_abi(e) for e in settlement_abi if e["type"] == "event"}
        self._by_topic = {
            definitions[name].topic: (definitions[name], build) for name, build in builders.items()
        }
        self._error_names = error_names(error_abis)

    @classmethod
    def of_package(cls) -> EventDecoder:
        """Decoder of the contracts that this version of the SDK was made with."""
        return cls(load_artifact("Settlement").abi, [load_artifact(name).abi for name in CONTRACTS])

    def decode(self, log: Log) -> Event:
        """The event behind a log.

        Raises:
            UndecodableEventError: unknown topic, or content that Settlement can not have emitted.
        """
        try:
            definition, build = self._by_topic[log.topics[0]]
        except (KeyError, IndexError):
            topic = f"0x{log.topics[0].hex()}" if log.topics else "none"
            raise self._undecodable(log, f"unknown event topic {topic}") from None
        try:
            fields = definition.decode(log.topics[1:], log.data)
            return build(LogPosition(log.row_id, log.transaction_hash), fields)
        except AbiMismatchError as error:
            raise self._undecodable(log, f"{definition.name}: {error}") from None

    def reason(self, octets: bytes) -> Reason:
        """A skip's reason with the name of its custom error, None when no contract of ours has it."""
        return Reason(octets, self._error_names.get(octets[:SELECTOR]))

    def _group_skipped(self, position: LogPosition, fields: Fields) -> GroupSkipped:
        group_index = fields.integer("groupIndex")
        if group_index > _LARGEST_INDEX:
            raise AbiMismatchError(f"group index {group_index}")
        return GroupSkipped(
            position=position,
            model_id=fields.octets("modelId"),
            prover=fields.octets("prover"),
            route=fields.octets("route"),
            group_index=group_index,
            reason=self.reason(fields.octets("reason")),
        )

    def _receipt_skipped(self, position: LogPosition, fields: Fields) -> ReceiptSkipped:
        return ReceiptSkipped(
            position=position,
            receipt_hash=fields.octets("receiptHash"),
            payer=_payer(fields),
            prover=fields.octets("prover"),
            reason=self.reason(fields.octets("reason")),
        )

    @staticmethod
    def _undecodable(log: Log, problem: str) -> UndecodableEventError:
        return UndecodableEventError(log.block_number, log.log_index, problem)


def _inference_settled(position: LogPosition, fields: Fields) -> InferenceSettled:
    terms = unpack_terms(fields.integer("terms"))
    return InferenceSettled(
        position=position,
        seq=terms.seq,
        receipt_hash=fields.octets("receiptHash"),
        payer=_payer(fields),
        tier=_tier(fields.integer("tier")),
        model_id=fields.octets("modelId"),
        prover=fields.octets("prover"),
        asset=fields.octets("asset"),
        request_hash=fields.octets("requestHash"),
        response_hash=fields.octets("responseHash"),
        amount_base_units=terms.amount_base_units,
        served_at_s=terms.served_at_s,
        floor=terms.floor,
        scheme=terms.scheme,
        labels=terms.labels,
    )


def _group_settled(position: LogPosition, fields: Fields) -> GroupSettled:
    return GroupSettled(
        position=position,
        root=fields.octets("root"),
        model_id=fields.octets("modelId"),
        prover=fields.octets("prover"),
        route=fields.octets("route"),
        tier=_tier(fields.integer("tier")),
        settled=fields.integer("settled"),
        skipped=fields.integer("skipped"),
        labels=_labels(fields.integer("labels")),
        key=None if (key := fields.octets("key")) == _NO_KEY else key,
    )


def _payer(fields: Fields) -> bytes | None:
    payer = fields.octets("payer")
    return None if payer == _ZERO_ADDRESS else payer


def _channel_refunded(position: LogPosition, fields: Fields) -> ChannelRefunded:
    return ChannelRefunded(
        position=position,
        payer=fields.octets("payer"),
        prover=fields.octets("prover"),
        asset=fields.octets("token"),
        amount_base_units=fields.integer("amount"),
    )


def _labels(number: int) -> Labels:
    try:
        return Labels(number)
    except ValueError:
        raise AbiMismatchError(f"labels 0x{number:02x} hold bits that this version does not know") from None


def _scheme(number: int) -> PaymentScheme:
    if number not in set(PaymentScheme):
        raise AbiMismatchError(f"{number} is no payment scheme")
    return PaymentScheme(number)


def _tier(number: int) -> Tier:
    if number not in SETTLED_TIERS:
        raise AbiMismatchError(f"{number} is no tier of a settled inference")
    return Tier(number)
