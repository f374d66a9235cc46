"""How much of each payer's work is unsettled, so that nobody promises the same money twice."""

from __future__ import annotations

from collections import defaultdict

from prover.door.errors import CreditExceededError


class Credit:
    """What the running requests of each payer may cost. Lives in one event loop; nothing in it awaits."""

    def __init__(self, limit_base_units: int) -> None:
        self._limit = limit_base_units
        self._running: dict[str, dict[bytes, int]] = defaultdict(dict)

    def in_flight_base_units(self, payer: str, *, besides: bytes = b"") -> int:
        """Most that the running requests of a payer may cost together, without one of them."""
        running = self._running.get(payer, {})
        return sum(amount for job_id, amount in running.items() if job_id != besides)

    def take(self, payer: str, job_id: bytes, amount_base_units: int) -> bool:
        """Counts a request as running; False when it was counted already.

        Raises:
            CreditExceededError: it would be more than one payer gets; a first request is always taken.
        """
        if job_id in self._running.get(payer, {}):
            return False
        in_flight = self.in_flight_base_units(payer)
        if in_flight and in_flight + amount_base_units > self._limit:
            raise CreditExceededError(in_flight, self._limit)
        self._running[payer][job_id] = amount_base_units
        return True

    def keep(self, payer: str, job_id: bytes, amount_base_units: int) -> None:
        """Counts a request that was taken before, whatever the limit; twice is fine."""
        self._running[payer][job_id] = amount_base_units

    def give_back(self, payer: str, job_id: bytes) -> None:
        """A request is settled or ended; twice is fine."""
        running = self._running.get(payer, {})
        running.pop(job_id, None)
        if not running:
            self._running.pop(payer, None)

    def require_for_deposit(self, uncovered_base_units: int, request_base_units: int) -> None:
        """Checks how much of a voucher rests on a deposit that is not in its channel yet.

        Raises:
            CreditExceededError: it is more than one payer gets; one request is always taken.
        """
        if uncovered_base_units > max(self._limit, request_base_units):
            raise CreditExceededError(uncovered_base_units, self._limit)
