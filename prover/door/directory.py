"""Which models answer at which paths, tiers and prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prover.door.answers import Handler
from prover.door.offers import Menu
from prover.errors import RequestRefusedError
from prover.jobs.job import Order
from veritally.errors import UnknownTierError
from veritally.tiers import Tier


class Directory:
    """The handlers of one prover."""

    def __init__(self, handlers: Sequence[Handler], menu: Menu, decimals: int) -> None:
        self._handlers = {(handler.name, handler.operation): handler for handler in handlers}
        self._menu = menu
        self._decimals = decimals

    def find(self, tier_label: str, model_name: str, operation: str) -> tuple[Handler, Tier]:
        """The handler and tier of a request.

        Raises:
            RequestRefusedError: 404 when there is no such path, model or tier.
        """
        if operation not in {known for _, known in self._handlers}:
            raise RequestRefusedError(404, "not_found", "write the path as GET /v1/models lists it")
        try:
            tier = Tier.from_label(tier_label)
        except UnknownTierError as error:
            raise RequestRefusedError(404, "unknown_tier", str(error)) from None
        handler = self._handlers.get((model_name, operation))
        if handler is None:
            known = ", ".join(name for name, offered in self._handlers if offered == operation)
            message = f"no model {model_name!r}; this prover has: {known}"
            raise RequestRefusedError(404, "unknown_model", message)
        if tier not in handler.prices_base_units:
            offered = ", ".join(offer.label for offer in handler.prices_base_units)
            message = f"{model_name} is not offered at {tier.label}; use one of: {offered}"
            raise RequestRefusedError(404, "tier_not_offered", message)
        return handler, tier

    def handler_of(self, order: Order) -> Handler | None:
        """What answers an order that is stored; None when its model is served no more."""
        operation = order.resource.partition(f"/models/{order.model}/")[2]
        handler = self._handlers.get((order.model, operation))
        return handler if handler is not None and handler.model_id == order.model_id else None

    def to_json(self) -> dict[str, Any]:
        """What `GET /v1/models` answers."""
        return {
            "prover": self._menu.prover,
            "network": f"eip155:{self._menu.chain_id}",
            "asset": {"address": self._menu.token.address, "decimals": self._decimals},
            "routes": [route.label for route in self._menu.policy.routes],
            "models": [self._model_json(handler) for handler in self._handlers.values()],
        }

    def _model_json(self, handler: Handler) -> dict[str, Any]:
        prices = handler.prices_base_units
        return {
            **handler.to_json(),
            "tiers": [self._tier_json(handler, tier, price) for tier, price in prices.items()],
        }

    def _tier_json(self, handler: Handler, tier: Tier, price_base_units: int) -> dict[str, Any]:
        return {
            "tier": tier.label,
            "path": path_of(handler, tier),
            "price": str(price_base_units),
            "pay_to": self._menu.offers(handler, tier, price_base_units)[0].pay_to,
        }


def path_of(handler: Handler, tier: Tier) -> str:
    """URL path of a model at a tier."""
    return f"/v1/{tier.label}/models/{handler.name}/{handler.operation}"
