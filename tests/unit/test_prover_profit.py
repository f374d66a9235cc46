"""Whether somebody has decided what gas may cost."""

from __future__ import annotations

from typing import Any

import pytest

from prover.operations import checks_chain
from prover.settings import ProverSettings


@pytest.mark.parametrize(
    ("chain_id", "values", "ok"),
    [
        (8453, {}, False),
        (8453, {"coin_price_usd": "3000"}, True),
        (8453, {"settle_at_a_loss": True}, True),
        (84532, {}, True),
    ],
)
def test_a_price_of_the_coin_is_asked_for(chain_id: int, values: dict[str, Any], ok: bool) -> None:
    (check,) = checks_chain.profit(ProverSettings.model_validate(values), chain_id)
    assert (check.ok, "VERITALLY_PROVER_COIN_PRICE_USD" in check.fix) == (ok, not ok)
