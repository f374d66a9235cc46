"""Errors of the indexer. Each message names the values and says what to do; the CLI ends with `exit_code`.

IndexerError
├── UsageError                      exit code 2
│   ├── SettingsError
│   ├── WrongChainError
│   ├── OldDatabaseError
│   ├── DatabaseFullError
│   └── UnknownDeploymentError
├── NotReadyError                   exit code 3
│   ├── RpcUnreachableError
│   ├── RpcAnswerError
│   ├── NodeBehindError
│   ├── DatabaseError
│   └── NothingIndexedError
└── CheckFailedError                exit code 1
    ├── NoSettlementError
    ├── InconsistentLogsError
    │   └── MissingGroupError
    ├── UndecodableEventError
    ├── SequenceGapError
    ├── ChainReorganisedError
    ├── FinalBlockChangedError
    ├── CounterMismatchError
    ├── EndpointsDisagreeError
    ├── UnrepairedError
    ├── VerificationError
    └── ConcurrentIndexerError
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

REBUILD = "delete the database (or name another one) and run `veritally-indexer sync --once` to start anew"
"""What to do when the stored rows can no longer be trusted."""

_BODY_LIMIT = 160


def blocks_named(first_block: int, last_block: int) -> str:
    """A range of blocks in words."""
    return f"block {first_block}" if first_block == last_block else f"blocks {first_block} to {last_block}"


class IndexerError(Exception):
    """Base of everything that the indexer raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(IndexerError):
    """The caller asked for something that cannot work."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting or an option is unusable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


class WrongChainError(UsageError):
    """The RPC serves another chain than the deployment is on."""

    def __init__(self, rpc: str, found: int, expected: int) -> None:
        super().__init__(
            f"{rpc} serves chain {found}, but the deployment is on chain {expected}; "
            "set --rpc-url or --deployment so that they agree"
        )
        self.found, self.expected = found, expected


class OldDatabaseError(UsageError):
    """The database was made by a version whose tables cannot be carried over."""

    def __init__(self, shown_url: str) -> None:
        super().__init__(f"database {shown_url} was made by an older version; {REBUILD}")


class DatabaseFullError(UsageError):
    """The database holds as many deployments as its keys can tell apart."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the database holds {most} deployments, which is the most; name another one")


class UnknownDeploymentError(UsageError):
    """It is not clear which deployment of the database is meant, or the one that is meant is not in it."""

    def __init__(self, problem: str, held: Sequence[str]) -> None:
        super().__init__(f"{problem}; the database holds {', '.join(held)}: set --deployment to one of them")


class NotReadyError(IndexerError):
    """Something that the indexer needs does not answer, or not yet."""

    exit_code = 3


class RpcUnreachableError(NotReadyError):
    """The node does not answer."""

    def __init__(self, rpc: str, problem: str, may_be_too_large: bool = False) -> None:
        super().__init__(f"no answer from the RPC {rpc} ({problem}); check --rpc-url and that the node runs")
        self.may_be_too_large = may_be_too_large
        """Whether a smaller request may help."""


class RpcAnswerError(NotReadyError):
    """The node answered something that is no result of `method`. `problem` is its error, or what is wrong."""

    may_be_too_large: ClassVar[bool] = True
    """A smaller request may help."""

    def __init__(self, rpc: str, method: str, problem: str, body: str = "") -> None:
        cut = body if len(body) <= _BODY_LIMIT else f"{body[:_BODY_LIMIT]}..."
        shown = f": {' '.join(cut.split())}" if body else ""
        super().__init__(
            f"{method} at the RPC {rpc}: {problem}{shown}; check --rpc-url, or lower --blocks-per-request "
            "when the node refuses the range"
        )
        self.method = method


class NodeBehindError(NotReadyError):
    """The node lacks a block that it, or another node before it, had."""

    def __init__(self, rpc: str, wanted_block: int, head: int) -> None:
        super().__init__(
            f"the RPC {rpc} lacks block {wanted_block} (its head: {head}); wait until it has caught up "
            f"or set --rpc-url to another node; when the chain was started anew, {REBUILD}"
        )


class DatabaseError(NotReadyError):
    """The database cannot be opened, read or written. `shown_url` holds no password."""

    def __init__(self, shown_url: str, problem: str) -> None:
        super().__init__(
            f"database {shown_url}: {problem}; check --database-url and that the database can be written"
        )


class NothingIndexedError(NotReadyError):
    """The database holds no finished range, or no final one."""

    def __init__(self, shown_url: str, final: bool = False) -> None:
        super().__init__(
            f"database {shown_url} holds nothing {'final ' if final else ''}yet; "
            "run `veritally-indexer sync --once` first"
        )


class CheckFailedError(IndexerError):
    """The data contradicts itself, the chain, or the contract."""

    blocks: tuple[int, int] | None = None
    """First and last block that it is about, when it is about blocks."""


class NoSettlementError(CheckFailedError):
    """There is no Settlement contract at the deployment's address."""

    def __init__(self, settlement: str, block: int) -> None:
        super().__init__(
            f"no Settlement contract answers at {settlement} at block {block}; "
            "check the address in the deployment file"
        )
        self.blocks = block, block


class InconsistentLogsError(CheckFailedError):
    """The node's logs of a block range contradict each other or the block headers."""

    def __init__(self, from_block: int, to_block: int, problem: str) -> None:
        super().__init__(
            f"logs of blocks {from_block} to {to_block}: {problem}; nothing of these blocks was stored: "
            "run the command again, and set --rpc-url to another node when it repeats"
        )
        self.blocks = from_block, to_block


class MissingGroupError(InconsistentLogsError):
    """Inferences and the events of their groups do not fit together: the node left some of them out."""


class UndecodableEventError(CheckFailedError):
    """Settlement emitted something that this version cannot read."""

    def __init__(self, block: int, log_index: int, problem: str) -> None:
        super().__init__(
            f"block {block}, log {log_index}: {problem}; "
            "use the version of veritally that belongs to this deployment"
        )
        self.blocks = block, block


class SequenceGapError(CheckFailedError):
    """Sequence numbers of inferences are not contiguous: the node left events out or repeated some."""

    def __init__(self, from_block: int, to_block: int, expected_seq: int, found_seq: int) -> None:
        super().__init__(
            f"blocks {from_block} to {to_block}: expected seq {expected_seq}, found seq {found_seq}, so "
            "events are missing or repeated; nothing of these blocks was stored: run again with another "
            f"--rpc-url, and when it repeats {REBUILD}"
        )
        self.blocks = from_block, to_block
        self.expected_seq, self.found_seq = expected_seq, found_seq


class ChainReorganisedError(CheckFailedError):
    """A block that was indexed is no longer part of the chain."""

    def __init__(self, block: int, stored_hash: bytes, chain_hash: bytes) -> None:
        super().__init__(
            f"block {block} was indexed with hash 0x{stored_hash.hex()}, the chain now has "
            f"0x{chain_hash.hex()}: the chain was reorganised; run `veritally-indexer sync --once` to follow "
            "it"
        )
        self.block = block
        self.blocks = block, block


class FinalBlockChangedError(CheckFailedError):
    """A block that was final is no longer part of the chain: nothing that is stored can be trusted."""

    def __init__(self, final_block: int, stored_hash: bytes, chain_hash: bytes) -> None:
        super().__init__(
            f"block {final_block} was final with hash 0x{stored_hash.hex()}, the chain now has "
            f"0x{chain_hash.hex()}: nothing was changed; set --rpc-url to another node, and if it agrees, "
            f"{REBUILD}"
        )
        self.final_block, self.stored_hash = final_block, stored_hash
        self.blocks = final_block, final_block


class CounterMismatchError(CheckFailedError):
    """The indexed counts are not the contract's."""

    def __init__(self, block: int, differences: Sequence[str]) -> None:
        super().__init__(
            f"MISMATCH with the on-chain counters at block {block}: {'; '.join(differences)}; {REBUILD}"
        )


class EndpointsDisagreeError(CheckFailedError):
    """Two endpoints say different things about what both call final: one of them is wrong."""

    def __init__(self, first_block: int, last_block: int, about: str, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} disagree about {about} of {blocks_named(first_block, last_block)}, "
            "which both call final: find out which one is wrong and leave it out of --rpc-url"
        )
        self.blocks = first_block, last_block


class UnrepairedError(CheckFailedError):
    """What is stored of some blocks is wrong, and no endpoint gave what would be right."""

    def __init__(self, first_block: int, last_block: int, problem: str) -> None:
        super().__init__(
            f"{blocks_named(first_block, last_block)} cannot be repaired: {problem}; nothing was changed: "
            f"add an --rpc-url (an archive node for old blocks) and run again, and when it repeats {REBUILD}"
        )
        self.blocks = first_block, last_block


class VerificationError(CheckFailedError):
    """The database is not what the chain says."""

    def __init__(self, block: int, problems: Sequence[str]) -> None:
        super().__init__(
            f"the database does not hold what the chain says up to block {block}: {'; '.join(problems)}; "
            "run `veritally-indexer verify --repair`"
        )


class ConcurrentIndexerError(CheckFailedError):
    """Another process moved the cursor."""

    def __init__(self, next_block: int) -> None:
        super().__init__(
            f"another indexer writes to this database (the cursor left block {next_block}); "
            "run only one at a time"
        )
