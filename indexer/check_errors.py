"""Errors of answers and rows that cannot be right. The whole tree is in `indexer.errors`."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.error_families import REBUILD, CheckFailedError, blocks_named


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


class RecordedBlockChangedError(CheckFailedError):
    """A final block up to which foreign history was imported is no longer part of the chain."""

    def __init__(self, block: int, stored_hash: bytes, chain_hash: bytes) -> None:
        super().__init__(
            f"block {block} was final and imported with hash 0x{stored_hash.hex()}, the chain now has "
            f"0x{chain_hash.hex()}: nothing was changed; set --rpc-url to another node, and if it agrees, "
            "import into another database with --database-url"
        )
        self.blocks = block, block


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


class UnhealthyError(CheckFailedError):
    """Something that the indexer needs is not as it should be."""

    def __init__(self, failed: int, checks: int) -> None:
        super().__init__(f"{failed} of {checks} checks failed; each line says how to put it right")


class ConcurrentIndexerError(CheckFailedError):
    """Another process moved the cursor."""

    def __init__(self, next_block: int) -> None:
        super().__init__(
            f"another indexer writes to this database (the cursor left block {next_block}); "
            "run only one at a time"
        )
