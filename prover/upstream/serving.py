"""Puts language models on the chain and into the service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prover.registration import Registrar
from prover.upstream.client import UpstreamClient
from prover.upstream.config import Upstream
from prover.upstream.errors import UpstreamConfigError
from prover.upstream.handler import ChatHandler


def serve_language_models(
    paths: Sequence[Path],
    decimals: int,
    registrar: Registrar,
    *,
    has_enclave: bool,
    settle_within_s: float,
    taken: Sequence[str],
) -> list[ChatHandler]:
    """Registers the cards of language models, and prepares what answers requests to them.

    Args:
        paths: Their files.
        decimals: Of the token that is charged.
        registrar: Registers models.
        has_enclave: Whether the service runs in an attested enclave.
        settle_within_s: Seconds from an answer to the sending of its settlement, at most.
        taken: Names that other models have.

    Raises:
        UpstreamConfigError: a file cannot be used, or its model has another one's name.
        ModelCardError: a card cannot be used.
        TransactionFailedError: the registry refuses a model.
    """
    served: list[ChatHandler] = []
    for path in paths:
        upstream = Upstream.load(path, decimals)
        name = upstream.card.name
        if name in taken or name in [item.name for item in served]:
            raise UpstreamConfigError(path, f"another model is named {name}, too")
        prices = upstream.offered(has_enclave=has_enclave)
        model_id = registrar.ensure_model(upstream.card)
        served.append(ChatHandler(upstream, UpstreamClient(upstream), model_id, prices, settle_within_s))
    return served
