"""What a case is: a document, and the contract's answer to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from nitro_chain import Document, Made

Values = Callable[[Made], tuple[object, ...]]


@dataclass(frozen=True)
class Case:
    """A document and the custom error that refuses it; none when it is accepted."""

    name: str
    document: Document
    error: str | None = None
    values: Values = lambda _made: ()

    def reason(self, made: Made) -> bytes:
        """The revert data, empty when the document is accepted."""
        if self.error is None:
            return b""
        types = self.error[self.error.index("(") + 1 : -1]
        arguments = encode([t for t in types.split(",") if t], self.values(made))
        return keccak(text=self.error)[:4] + arguments


def accept(name: str, document: Document) -> Case:
    """A case that is accepted."""
    return Case(name, document)


def refuse(name: str, document: Document, error: str, *values: object) -> Case:
    """A case that is refused with an error and its values, or with a function that makes them."""
    if len(values) == 1 and callable(values[0]):
        return Case(name, document, error, values[0])
    return Case(name, document, error, lambda _made: values)
