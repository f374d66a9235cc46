"""Model cards: what a language model behind an upstream is registered as.

The weights of such a model are not at hand, so that the registry gets the SHA-256 of a card instead. The card
says which model is meant, at which revision, and who runs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from prover.upstream.errors import ModelCardError
from prover.zkml.package import Name

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Tokens = Annotated[int, Meta(ge=1, le=100_000_000)]


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    name: Name
    version: Text
    description: Text
    upstream_model: Text
    revision: Text
    provider: Text
    context_tokens: Tokens
    max_output_tokens: Tokens


@dataclass(frozen=True)
class ModelCard:
    """A language model as it is published and registered."""

    name: str
    version: str
    description: str
    upstream_model: str
    """Name of the model at the upstream."""
    revision: str
    """What fixes the weights: a commit, a checksum, or a dated snapshot."""
    provider: str
    """Who runs the model: a company, or the prover itself."""
    context_tokens: int
    """Most tokens of request and answer together."""
    max_output_tokens: int
    """Most tokens of an answer."""
    weights_hash: bytes
    """sha256 of the file, as `ModelRegistry.register` takes it. Not of weights: nobody here has them."""

    @classmethod
    def load(cls, path: Path) -> ModelCard:
        """Reads a card.

        Raises:
            ModelCardError: the file cannot be read or is no card.
        """
        try:
            file = path.read_bytes()
            content = msgspec.json.decode(file, type=_Content)
        except OSError as error:
            raise ModelCardError(path, f"cannot be read ({error.strerror})") from None
        except msgspec.DecodeError as error:
            raise ModelCardError(path, f"is malformed ({error})") from None
        if content.max_output_tokens > content.context_tokens:
            raise ModelCardError(path, "max_output_tokens is more than context_tokens")
        return cls(**msgspec.structs.asdict(content), weights_hash=hashlib.sha256(file).digest())
