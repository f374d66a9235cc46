"""How evidence is weaker than its tier says: the labels that a verifier gives it, and that events carry."""

from __future__ import annotations

from enum import STRICT, IntFlag


class Labels(IntFlag, boundary=STRICT):
    """A set of labels, with the bits of the contracts; a number with other bits is a ValueError."""

    DEVELOPMENT = 1
    """The evidence rests on a development root or a development SRS and proves nothing elsewhere."""
    UNBOUND = 2
    """The evidence names no chain, prover, payer or nonce: it may have been made for somebody else."""

    @property
    def development(self) -> bool:
        """Whether the label DEVELOPMENT is among them."""
        return Labels.DEVELOPMENT in self

    @property
    def unbound(self) -> bool:
        """Whether the label UNBOUND is among them."""
        return Labels.UNBOUND in self
