"""Faults of `eth_getLogs`. What is hit depends on the place in the chain: asking again does not help."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from indexer.chaos.fault import Ask, Call, Fault, FaultKind, Json, params
from indexer.chaos.views import LOGS

Logs: TypeAlias = list[Json]
_STRANGER = "0x" + "57" * 20
_UNCOVERED = {"dropped-rare-log", "dropped-last", "changed-data", "changed-receipt", "changed-payer"}


class LogsFault(Fault):
    """Answers `eth_getLogs` with what `change` makes of the logs."""

    def __init__(self, change: Callable[[LogsFault, Logs], Any], number: int, seed: int) -> None:
        super().__init__(number, seed)
        self._change = change
        self.chosen: tuple[str, str] | None = None
        """Place of the one log that is hit, once there is one."""

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """Other answers stay."""
        return [self._spoilt(*pair) for pair in zip(call.requests, ask(call.requests), strict=True)]

    def _spoilt(self, request: Json, answer: Json) -> Json:
        if request["method"] != LOGS or not isinstance(answer.get("result"), list) or not params(request):
            return answer
        return {**answer, "result": self._change(self, answer["result"])}

    def is_chosen(self, logs: Logs, log: Json) -> bool:
        """Whether a log is the one that is hit: one in the middle of the first of `logs` that there are."""
        if self.chosen is None:
            self.chosen = _place(logs[len(logs) // 2])
        return self.chosen == _place(log)


def _place(log: Json) -> tuple[str, str]:
    return log["blockNumber"], log["logIndex"]


def _block(log: Json) -> int:
    return int(log["blockNumber"], 16)


def _without_one(fault: LogsFault, logs: Logs) -> Logs:
    common = _common(logs)
    return [log for log in logs if not (common and fault.is_chosen(common, log))]


def _without_rare(fault: LogsFault, logs: Logs) -> Logs:
    kinds = Counter(log["topics"][0] for log in logs)
    rare = [log for log in logs if log["topics"][0] == min(kinds, key=lambda kind: (kinds[kind], kind))]
    return [log for log in logs if not (len(kinds) > 1 and fault.is_chosen(rare, log))]


def _without_one_block(fault: LogsFault, logs: Logs) -> Logs:
    _without_one(fault, logs)
    return [log for log in logs if fault.chosen is None or log["blockNumber"] != fault.chosen[0]]


def _without_some(fault: LogsFault, logs: Logs) -> Logs:
    return [log for log in logs if not fault.hits(_block(log), int(log["logIndex"], 16))]


def _without_blocks(fault: LogsFault, logs: Logs) -> Logs:
    return [log for log in logs if _block(log) % fault.number != fault.seed % fault.number]


def _without_last(_fault: LogsFault, logs: Logs) -> Logs:
    return logs[:-1]


def _common(logs: Logs) -> Logs:
    """Those of the commonest event."""
    kinds = Counter(log["topics"][0] for log in logs)
    return [log for log in logs if log["topics"][0] == max(kinds, key=lambda kind: (kinds[kind], kind))]


def _without_kinds(_fault: LogsFault, logs: Logs) -> Logs:
    return _common(logs)


def _cut(fault: LogsFault, logs: Logs) -> Logs:
    return logs[: fault.number]


def _cut_octets(fault: LogsFault, logs: Logs) -> Logs:
    kept, octets = [], 0
    for log in logs:
        octets += len(json.dumps(log, separators=(",", ":"))) + 1
        if octets > fault.number:
            break
        kept.append(log)
    return kept


def _doubled(_fault: LogsFault, logs: Logs) -> Logs:
    return [log for log in logs for _ in range(2)]


def _reversed(_fault: LogsFault, logs: Logs) -> Logs:
    return logs[::-1]


def _shuffled(fault: LogsFault, logs: Logs) -> Logs:
    return sorted(logs, key=lambda log: fault.lot(_block(log), int(log["logIndex"], 16)))


def _changed(fault: LogsFault, logs: Logs, **values: Any) -> Logs:
    """With other values in those logs that are hit."""
    return [log | values if fault.hits(_block(log), int(log["logIndex"], 16)) else log for log in logs]


def _foreign_hash(fault: LogsFault, logs: Logs) -> Logs:
    return _changed(fault, logs, blockHash="0x" + "f0" * 32)


def _orphans(fault: LogsFault, logs: Logs) -> Logs:
    orphans = [log | {"blockHash": "0x" + "f0" * 32} for log in _without_some(fault, logs)]
    return [*logs, *orphans[:1]]


def _removed(fault: LogsFault, logs: Logs) -> Logs:
    return _changed(fault, logs, removed=True)


def _of_another(fault: LogsFault, logs: Logs) -> Logs:
    return _changed(fault, logs, address=_STRANGER)


def _joined_by_another(_fault: LogsFault, logs: Logs) -> Logs:
    return [*logs, *({**log, "address": _STRANGER, "logIndex": "0xfff"} for log in logs[-1:])]


def _outside(_fault: LogsFault, logs: Logs) -> Logs:
    return [*logs, *({**log, "blockNumber": hex(_block(log) + 1_000_000)} for log in logs[-1:])]


def _flipped(text: str, digit: int) -> str:
    """With another digit."""
    return f"{text[:digit]}{int(text[digit], 16) ^ 1:x}{text[digit + 1 :]}"


def _other_data(fault: LogsFault, logs: Logs) -> Logs:
    """The last word grows: what is added to several words does not cancel out."""
    return [_with_more(log, len(log["data"]) - 25) if _is_hit(fault, log) else log for log in logs]


def _other_words(fault: LogsFault, logs: Logs) -> Logs:
    """The last word but one changes, in logs with several of them."""
    return [_with_data(log, len(log["data"]) - 65) if _is_hit(fault, log) else log for log in logs]


def _is_hit(fault: LogsFault, log: Json) -> bool:
    return len(log["data"]) > 2 + 5 * 64 and fault.hits(_block(log), int(log["logIndex"], 16))


def _with_data(log: Json, digit: int) -> Json:
    return {**log, "data": _flipped(log["data"], digit)}


def _with_more(log: Json, digit: int) -> Json:
    data = log["data"]
    return {**log, "data": f"{data[:digit]}{int(data[digit], 16) | 7:x}{data[digit + 1 :]}"}


def _other_topic(position: int) -> Callable[[LogsFault, Logs], Logs]:
    def change(fault: LogsFault, logs: Logs) -> Logs:
        return [_with_topic(log, position) if _is_hit(fault, log) else log for log in logs]

    return change


def _payers(fault: LogsFault, logs: Logs) -> Logs:
    payers = {_place(log) for log in _common(logs)}
    return [_with_topic(log, 2) if _place(log) in payers and _is_hit(fault, log) else log for log in logs]


def _with_topic(log: Json, position: int) -> Json:
    topics = [_flipped(t, len(t) - 1) if i == position else t for i, t in enumerate(log["topics"])]
    return {**log, "topics": topics}


def _short_data(fault: LogsFault, logs: Logs) -> Logs:
    return [{**log, "data": log["data"][:-2]} if _is_hit(fault, log) else log for log in logs]


def _empty(_fault: LogsFault, _logs: Logs) -> Logs:
    return []


def _null(_fault: LogsFault, _logs: Logs) -> None:
    return None


def _blank(_fault: LogsFault, _logs: Logs) -> str:
    return ""


def _kind(
    name: str, summary: str, change: Callable[[LogsFault, Logs], Any], number: int | None = None
) -> FaultKind:
    def make(given: int, seed: int) -> LogsFault:
        return LogsFault(change, given, seed)

    return FaultKind(name, summary, make, number, is_uncovered=name in _UNCOVERED)


LOG_FAULTS = (
    _kind("dropped-log", "one log of the commonest event is missing, always the same", _without_one),
    _kind("dropped-rare-log", "one log of the rarest event is missing, always the same", _without_rare),
    _kind("dropped-logs", "one in {n} logs is missing", _without_some, 5),
    _kind("dropped-last", "the last log of each answer is missing", _without_last),
    _kind("dropped-block", "all logs of one block are missing", _without_one_block),
    _kind(
        "dropped-blocks",
        "all logs of every block number n, 2n, ... are missing; n is {n}",
        _without_blocks,
        5,
    ),
    _kind("dropped-kinds", "all logs but those of the commonest event are missing", _without_kinds),
    _kind("cut-logs", "answers are cut after {n} logs, and nothing is said", _cut, 7),
    _kind("cut-bytes", "answers are cut after {n} bytes, and nothing is said", _cut_octets, 4_000),
    _kind("empty-logs", "there never are any logs", _empty),
    _kind("null-logs", "null instead of logs", _null),
    _kind("blank-logs", "an empty string instead of logs", _blank),
    _kind("duplicated-logs", "every log comes twice", _doubled),
    _kind("reversed-logs", "the last log comes first", _reversed),
    _kind("shuffled-logs", "logs come in no order", _shuffled),
    _kind("foreign-hash", "one in {n} logs has the hash of another block", _foreign_hash, 3),
    _kind("orphaned-log", "a log comes again, of a block that left the chain", _orphans, 3),
    _kind("removed-logs", "one in {n} logs is marked as removed", _removed, 3),
    _kind("other-address", "one in {n} logs names another contract", _of_another, 3),
    _kind("extra-log", "a log of a contract that nobody asked for", _joined_by_another),
    _kind("outside-log", "a log of a block that nobody asked for", _outside),
    _kind("changed-sums", "one in {n} logs has a larger number in its last word", _other_data, 3),
    _kind("changed-data", "one in {n} logs has another hash in its data", _other_words, 3),
    _kind("changed-event", "one in {n} logs is of an unknown event", _other_topic(0), 3),
    _kind("changed-receipt", "one in {n} logs has another first topic", _other_topic(1), 3),
    _kind("changed-payer", "one in {n} logs of the commonest event has another second topic", _payers, 3),
    _kind("changed-tier", "one in {n} logs has another third topic", _other_topic(3), 3),
    _kind("short-data", "the data of one in {n} logs lacks a byte", _short_data, 3),
)
