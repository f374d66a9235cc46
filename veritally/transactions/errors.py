"""Errors of the transaction manager. Each message names the values and says what to do.

TransactionsError
├── InvalidIntentError
├── IntentConflictError
├── UnknownIntentError
├── CallRefusedError
├── SettingError
├── DatabaseError
├── KeyInUseError
├── LeaseLostError
├── EndpointError
├── NoEndpointError
└── ReorgPastFinalityError
"""

from __future__ import annotations

from collections.abc import Sequence

from veritally.errors import VeritallyError


class TransactionsError(VeritallyError):
    """Base of everything that the transaction manager raises on purpose."""


class InvalidIntentError(TransactionsError):
    """An intent that no chain would take."""

    exit_code = 2

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"intent field {field}={value!r}: {rule}")
        self.field = field


class IntentConflictError(TransactionsError):
    """A key was given to two different intents."""

    exit_code = 2

    def __init__(self, key: str, field: str) -> None:
        super().__init__(
            f"intent {key!r} is stored already with another {field}; "
            "one key names one transaction for ever: use a new key"
        )
        self.key = key


class UnknownIntentError(TransactionsError):
    """No intent has this key."""

    def __init__(self, key: str, sender: str) -> None:
        super().__init__(f"{sender} has no intent {key!r}; submit it first, under this chain and sender")
        self.key = key


class CallRefusedError(TransactionsError):
    """A call that reverts when it is tried. Nothing was stored, and no nonce is used."""

    def __init__(self, key: str, problem: str, data: bytes) -> None:
        super().__init__(
            f"intent {key!r} would fail: {problem}; change the call, or name its gas limit to send it untried"
        )
        self.key = key
        self.data = data
        """What the call reverts with; empty when the node does not say."""


class SettingError(TransactionsError):
    """A setting is unusable."""

    exit_code = 2

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


class DatabaseError(TransactionsError):
    """The database refuses a statement."""

    exit_code = 3

    def __init__(self, shown_url: str, problem: str) -> None:
        super().__init__(f"database {shown_url}: {problem}; check that it runs and may be written")


class KeyInUseError(TransactionsError):
    """Another manager owns this key on this chain."""

    exit_code = 3

    def __init__(self, sender: str, chain_id: int, holder: str, left_s: float) -> None:
        super().__init__(
            f"{sender} on chain {chain_id} is owned by {holder} for another {left_s:.0f} s; "
            "stop that process, or give this one a key of its own"
        )
        self.holder = holder


class LeaseLostError(TransactionsError):
    """This manager owns its key no more. It has stored nothing since."""

    exit_code = 3

    def __init__(self, sender: str, chain_id: int) -> None:
        super().__init__(
            f"{sender} on chain {chain_id} has been taken over by another process, or was released; "
            "open a new manager"
        )


class EndpointError(TransactionsError):
    """A node gives no usable answer. Names the host only: RPC paths hold keys."""

    exit_code = 3

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(f"{host}: {problem}")
        self.host = host


class NoEndpointError(TransactionsError):
    """No node gives usable answers."""

    exit_code = 3

    def __init__(self, chain_id: int, problems: Sequence[str]) -> None:
        super().__init__(
            f"no node of chain {chain_id} answers: {'; '.join(problems)}; "
            "check the RPC URLs and that the nodes run"
        )
        self.problems = tuple(problems)


class ReorgPastFinalityError(TransactionsError):
    """The chain has replaced a block that was final. Nothing is sent while nodes say so."""

    def __init__(self, number: int, expected: str, hosts: Sequence[str]) -> None:
        super().__init__(
            f"block {number} was final as {expected}, and {', '.join(hosts)} now have another one; "
            "find out which chain is right, then fix the RPC URLs, or call accept_reorg()"
        )
        self.number = number
