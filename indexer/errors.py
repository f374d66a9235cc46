"""Errors of the indexer. Each message names the values and says what to do; the CLI ends with `exit_code`.

IndexerError
├── UsageError                      exit code 2
│   ├── SettingsError
│   ├── WrongChainError
│   ├── OldDatabaseError
│   ├── DatabaseFullError
│   └── UnknownDeploymentError
├── NotReadyError                   exit code 3
│   ├── NoNodeError
│   ├── RpcUnreachableError
│   ├── RpcAnswerError
│   ├── NodeBehindError
│   ├── DatabaseError
│   │   └── ReadTookTooLongError
│   ├── NothingIndexedError
│   ├── NoBrowserError
│   └── NotCurrentError
└── CheckFailedError                exit code 1
    ├── NoSettlementError
    ├── InconsistentLogsError
    │   └── MissingGroupError
    ├── UndecodableEventError
    ├── SequenceGapError
    ├── ChainReorganisedError
    ├── FinalBlockChangedError
    ├── RecordedBlockChangedError
    ├── CounterMismatchError
    ├── EndpointsDisagreeError
    ├── UnrepairedError
    ├── VerificationError
    ├── UnhealthyError
    └── ConcurrentIndexerError
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from indexer.check_errors import (
    ChainReorganisedError as ChainReorganisedError,
)
from indexer.check_errors import (
    ConcurrentIndexerError as ConcurrentIndexerError,
)
from indexer.check_errors import (
    CounterMismatchError as CounterMismatchError,
)
from indexer.check_errors import (
    EndpointsDisagreeError as EndpointsDisagreeError,
)
from indexer.check_errors import (
    FinalBlockChangedError as FinalBlockChangedError,
)
from indexer.check_errors import (
    InconsistentLogsError as InconsistentLogsError,
)
from indexer.check_errors import (
    MissingGroupError as MissingGroupError,
)
from indexer.check_errors import (
    NoSettlementError as NoSettlementError,
)
from indexer.check_errors import (
    RecordedBlockChangedError as RecordedBlockChangedError,
)
from indexer.check_errors import (
    SequenceGapError as SequenceGapError,
)
from indexer.check_errors import (
    UndecodableEventError as UndecodableEventError,
)
from indexer.check_errors import (
    UnhealthyError as UnhealthyError,
)
from indexer.check_errors import (
    UnrepairedError as UnrepairedError,
)
from indexer.check_errors import (
    VerificationError as VerificationError,
)
from indexer.error_families import REBUILD as REBUILD
from indexer.error_families import CheckFailedError as CheckFailedError
from indexer.error_families import IndexerError as IndexerError
from indexer.error_families import NotReadyError as NotReadyError
from indexer.error_families import UsageError as UsageError
from indexer.error_families import blocks_named as blocks_named

_BODY_LIMIT = 160


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


class NoNodeError(NotReadyError):
    """None of the nodes serves a chain."""

    def __init__(self, chain_id: int, problems: Sequence[str]) -> None:
        others = f" ({'; '.join(problems)})" if problems else ""
        super().__init__(f"none of the nodes serves chain {chain_id}{others}; add one with --rpc-url")
        self.chain_id = chain_id


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


class ReadTookTooLongError(DatabaseError):
    """What was asked of a database that is only read took longer than it may."""

    def __init__(self, shown_url: str, limit_s: float) -> None:
        super().__init__(shown_url, f"reading took longer than {limit_s:g} s; ask for less at once")


class NothingIndexedError(NotReadyError):
    """The database holds no finished range, or no final one."""

    def __init__(self, shown_url: str, final: bool = False) -> None:
        super().__init__(
            f"database {shown_url} holds nothing {'final ' if final else ''}yet; "
            "run `veritally-indexer sync --once` first"
        )


class NoBrowserError(NotReadyError):
    """A page cannot be printed as PDF."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}; install Chromium (on Debian: apt-get install chromium), or print what --html writes"
        )


class NotCurrentError(NotReadyError):
    """A deployment is not indexed up to the head, or nobody can tell."""

    def __init__(self, behind: Sequence[str]) -> None:
        super().__init__(f"not current: {'; '.join(behind)}; is `veritally-indexer run` running?")
