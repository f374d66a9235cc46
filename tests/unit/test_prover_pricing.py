from __future__ import annotations

import pytest

from prover.errors import AssetError, PriceError
from prover.pricing import network_of, price_base_units, resolve_asset


@pytest.mark.parametrize(
    ("price", "decimals", "expected"),
    [
        ("0.001", 6, 1_000),
        ("0.01", 6, 10_000),
        ("1", 6, 1_000_000),
        ("0.000001", 6, 1),
        ("1e-6", 6, 1),
        ("0.1", 18, 10**17),
        (" 2 ", 0, 2),
    ],
)
def test_price_in_base_units_is_exact(price: str, decimals: int, expected: int) -> None:
    assert price_base_units(price, decimals) == expected


@pytest.mark.parametrize(
    "price", ["", "free", "$1", "1,5", "NaN", "Infinity", "-1", "0", "0.0000015", "1e60"]
)
def test_prices_that_cannot_be_charged_are_refused(price: str) -> None:
    with pytest.raises(PriceError):
        price_base_units(price, 6)


def test_default_asset_is_the_one_that_x402_clients_accept() -> None:
    assert resolve_asset(84532, None) == "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
    assert network_of(84532) == "eip155:84532"


def test_a_chain_without_default_asset_needs_one() -> None:
    with pytest.raises(AssetError, match="VERITALLY_PROVER_ASSET"):
        resolve_asset(31337, None)
    assert resolve_asset(31337, "0x" + "ab" * 20) == "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"


@pytest.mark.parametrize("asset", ["", "USDC", "0x1234"])
def test_an_asset_that_is_no_address_is_refused(asset: str) -> None:
    with pytest.raises(AssetError, match="no address"):
        resolve_asset(84532, asset)
